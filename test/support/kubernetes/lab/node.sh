#!/usr/bin/env bash
# A node: process 1 of network, mount, process, IPC and host-name namespaces of its own. Its end is
# that of all that is in it, as if somebody pulled the plug. Told by the environment:
#   NODE, ADDRESS (with /24), GATEWAY, ROUTES ("10.244.2.0/24=10.77.0.102 …"), KUBECONFIG; starts in its folder
set -euo pipefail
log() { echo "$(date +%T) $NODE: $*"; }

# What containerd and the kubelet write at fixed places is on the node's own disk; what a machine
# forgets when it is off is not.
mount --make-rshared /
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/netns
for place in /var/lib /var/log /tmp; do
  mkdir -p "disk$place"
  mount --bind "disk$place" "$place"
  mount --make-rshared "$place"
done
chmod 1777 /tmp

# The kubelet wants these values for the whole machine: here it finds them, and changes nothing.
pretend() { mkdir -p pretended; echo "$2" >"pretended/$1"; mount --bind "pretended/$1" "/proc/sys/${1//.//}"; }
pretend vm.overcommit_memory 1; pretend vm.panic_on_oom 0; pretend kernel.panic 10; pretend kernel.panic_on_oops 1
pretend kernel.keys.root_maxkeys 1000000; pretend kernel.keys.root_maxbytes 25000000

hostname "$NODE"
ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done # the wire is put in from outside
ip address add "$ADDRESS" dev eth0
ip link set eth0 up
ip route add default via "$GATEWAY"
for route in $ROUTES; do ip route add "${route%=*}" via "${route#*=}"; done
echo 1 >/proc/sys/net/ipv4/ip_forward
# Clients come to Services by way of one node, and shall go on doing so.
echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects
echo 0 >/proc/sys/net/ipv4/conf/eth0/send_redirects
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables

keep_running() {
  local name=$1
  ( while :; do "$@" >>"$name.log" 2>&1 || true; log "$name has ended, and is started again"; sleep 1; done ) &
}
keep_running containerd --config containerd.toml
until [ -S containerd.sock ]; do sleep 0.1; done
keep_running kubelet --config kubelet.yaml --kubeconfig "$KUBECONFIG" --hostname-override "$NODE" \
  --node-ip "${ADDRESS%/*}" --node-labels "topology.kubernetes.io/zone=$ZONE"
keep_running kube-proxy --config kube-proxy.yaml --hostname-override "$NODE"
log "runs"
wait
