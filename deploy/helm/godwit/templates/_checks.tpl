{{/* What does not go together: every sentence says what to do. */}}
{{- define "godwit.checks" -}}
{{- $values := .Values }}
{{- $config := $values.config }}
{{- if not $config.hostname }}
{{- fail "config.hostname is needed: set it to the name that other mail servers shall see, such as mta.example.net" }}
{{- end }}
{{- include "godwit.checkServers" . }}
{{- include "godwit.checkLogins" . }}
{{- include "godwit.checkListeners" . }}
{{- include "godwit.checkSecrets" . }}
{{- include "godwit.checkScaling" . }}
{{- if and $values.tls.secret $values.tls.certManager.enabled }}
{{- fail "tls.secret and tls.certManager.enabled are both set: keep the one that the edges' certificate comes from" }}
{{- end }}
{{- if and $values.tls.certManager.enabled (not $values.tls.certManager.issuer.name) }}
{{- fail "tls.certManager.enabled needs tls.certManager.issuer.name: the Issuer or ClusterIssuer that signs" }}
{{- end }}
{{- if and $values.secrets.existing $values.secrets.files }}
{{- fail "secrets.existing and secrets.files are both set: put the files into the existing Secret, or let the chart make one" }}
{{- end }}
{{- if and $values.delivery.hostNetwork $values.delivery.autoscaling.enabled }}
{{- fail "delivery.hostNetwork gives each node one worker: turn delivery.autoscaling off, and set delivery.replicas to the number of nodes" }}
{{- end }}
{{- end }}

{{/* What bundled servers are shown is the chart's to choose. */}}
{{- define "godwit.checkLogins" -}}
{{- $ways := dict "nats" (list "user" "password" "token" "credentials" "tls") "cassandra" (list "username" "password" "tls") }}
{{- range $server, $keys := $ways }}
{{- $bundled := (index $.Values $server).bundled }}
{{- $config := index $.Values.config $server | default dict }}
{{- range $key := $keys }}
{{- if and $bundled.enabled (hasKey $config $key) }}
{{- fail (printf "config.%s.%s is set, and %s.bundled.enabled: the chart makes logins and certificates of its own servers, so take it away (%s.bundled.passwordsSecret and tls.secret may name yours)" $server $key $server $server) }}
{{- end }}
{{- end }}
{{- if eq $server "nats" }}
{{- range $role := list "edge" "delivery" "control" "schema" }}
{{- if and $bundled.enabled (index $.Values $role).nats }}
{{- fail (printf "%s.nats is set, and nats.bundled.enabled: the chart makes logins for its own servers, so take it away" $role) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $bundled.tls.secret (not $bundled.tls.enabled) }}
{{- fail (printf "%s.bundled.tls.secret is set, and tls.enabled is false: set it to true, or take the secret away" $server) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "godwit.checkServers" -}}
{{- $config := .Values.config }}
{{- $nats := $config.nats | default dict }}
{{- $cassandra := $config.cassandra | default dict }}
{{- with .Values.nats.bundled }}
{{- if and .enabled $nats.servers }}
{{- fail "config.nats.servers and nats.bundled.enabled are both set: keep the servers that you have, or those that the chart brings" }}
{{- end }}
{{- if not (or .enabled $nats.servers) }}
{{- fail "there is no NATS: set config.nats.servers to yours, such as [\"nats://nats:4222\"], or nats.bundled.enabled to true" }}
{{- end }}
{{- if .enabled }}
{{- if has (int .replicas) (list 1 3 5) | not }}
{{- fail (printf "nats.bundled.replicas is %d: a quorum needs 3 or 5 servers; 1 is for trying" (int .replicas)) }}
{{- end }}
{{- if gt (int ($nats.replicas | default 1)) (int .replicas) }}
{{- fail (printf "config.nats.replicas is %d, and there are %d servers: set nats.bundled.replicas to as many" (int $nats.replicas) (int .replicas)) }}
{{- end }}
{{- include "godwit.checkStorage" $ }}
{{- end }}
{{- end }}
{{- with .Values.cassandra.bundled }}
{{- if and .enabled $cassandra.contactPoints }}
{{- fail "config.cassandra.contactPoints and cassandra.bundled.enabled are both set: keep the servers that you have, or those that the chart brings" }}
{{- end }}
{{- if not (or .enabled $cassandra.contactPoints) }}
{{- fail "there is no Cassandra: set config.cassandra.contactPoints to yours, such as [\"cassandra:9042\"], or cassandra.bundled.enabled to true" }}
{{- end }}
{{- if and (not .enabled) (not $cassandra.localDataCenter) }}
{{- fail "config.cassandra.localDataCenter is needed: the data centre whose nodes answer, as `nodetool status` calls it" }}
{{- end }}
{{- if and .enabled (ge (int .seed) (int .replicas)) }}
{{- fail (printf "cassandra.bundled.seed is %d, and there are %d nodes, counted from 0: name one of them" (int .seed) (int .replicas)) }}
{{- end }}
{{- $replication := $cassandra.replication | default 1 }}
{{- if and .enabled (kindIs "map" $replication | not) (gt (int $replication) (int .replicas)) }}
{{- fail (printf "config.cassandra.replication is %d, and there are %d nodes: set cassandra.bundled.replicas to as many" (int $replication) (int .replicas)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* JetStream reserves what its streams may take: else the schema is refused, later and less clearly. */}}
{{- define "godwit.checkStorage" -}}
{{- $nats := .Values.config.nats | default dict }}
{{- $shards := int .Values.config.shards }}
{{- $sum := mul $shards (int64 (include "godwit.bytes" ($nats.shardBytesMax | default "1GiB"))) }}
{{- $sum = add $sum (int64 (include "godwit.bytes" ($nats.splitBytesMax | default "1GiB"))) }}
{{- $sum = add $sum (int64 (include "godwit.bytes" ($nats.bodyBytesMax | default "8GiB"))) }}
{{- $sum = add $sum (int64 (include "godwit.bytes" ($nats.journalBytesMax | default "8GiB"))) }}
{{- $sum = add $sum (int64 (include "godwit.bytes" ($nats.keysBytesMax | default "512MiB"))) }}
{{- if dig "events" "stream" false .Values.config }}
{{- $sum = add $sum (int64 (include "godwit.bytes" ($nats.eventsBytesMax | default "4GiB"))) }}
{{- end }}
{{- $size := .Values.nats.bundled.storage.size }}
{{- $room := int64 (include "godwit.natsStoreBytes" .) }}
{{- if gt (int64 $sum) $room }}
{{- $mebi := div $sum 1048576 }}
{{- fail (printf "the streams reserve %d MiB on each server, and nats.bundled.storage.size (%s) leaves them %d MiB: make the disk larger, or config.shards, config.nats.shardBytesMax and its like smaller" $mebi $size (div $room 1048576)) }}
{{- end }}
{{- end }}

{{/* Nineteen twentieths of the disk: the rest is for the file system, and what JetStream writes beside. */}}
{{- define "godwit.natsStoreBytes" -}}
{{ div (mul (int64 (include "godwit.bytes" .Values.nats.bundled.storage.size)) 19) 20 }}
{{- end }}

{{- define "godwit.checkListeners" -}}
{{- $names := list }}
{{- $seen := dict }}
{{- range .Values.config.listeners }}
{{- $names = append $names .name }}
{{- $port := include "godwit.servicePort" (dict "root" $ "listener" .) }}
{{- with get $seen $port }}
{{- fail (printf "listeners %q and another one both have port %s of the Service: give one of them another in edge.service.ports" . $port) }}
{{- end }}
{{- $_ := set $seen $port .name }}
{{- if lt (int .port) 1024 }}
{{- fail (printf "listener %q has port %d, which a process without rights cannot have: choose one above 1023, and say what clients see in edge.service.ports.%s" .name (int .port) .name) }}
{{- end }}
{{- if eq (int .port) 8025 }}
{{- fail (printf "listener %q has port 8025, which is the control API's: choose another, and say what clients see in edge.service.ports.%s" .name .name) }}
{{- end }}
{{- if or (hasPrefix "127." .address) (eq .address "::1") }}
{{- fail (printf "listener %q has address %s, where nobody reaches a pod: set it to 0.0.0.0, or \"::\" for IPv6, too" .name .address) }}
{{- end }}
{{- if gt (len .name) 15 }}
{{- fail (printf "listener %q has too long a name for a port of Kubernetes: at most 15 characters" .name) }}
{{- end }}
{{- if not (regexMatch "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" .name) }}
{{- fail (printf "listener %q has no name for a port of Kubernetes: small letters, digits and -" .name) }}
{{- end }}
{{- end }}
{{- if and .Values.edge.enabled (not $names) }}
{{- fail "config.listeners is empty: an edge needs at least one, such as { name: submission, address: 0.0.0.0, port: 2587, kind: submission }" }}
{{- end }}
{{- range $name, $port := .Values.edge.service.ports }}
{{- if not (has $name $names) }}
{{- fail (printf "edge.service.ports has %q, and config.listeners no listener of that name: add it, or take the port away" $name) }}
{{- end }}
{{- end }}
{{- range .Values.config.listeners }}
{{- if and $.Values.edge.enabled $.Values.test.enabled (eq .name $.Values.test.listener) (eq .kind "http") }}
{{- fail (printf "test.listener is %q, which speaks HTTP, and the test sends by SMTP: name one of kind submission, or set test.enabled to false" .name) }}
{{- end }}
{{- end }}
{{- if and .Values.edge.enabled .Values.test.enabled (not (has .Values.test.listener $names)) }}
{{- fail (printf "test.listener is %q, and config.listeners has no listener of that name: name one, or set test.enabled to false" .Values.test.listener) }}
{{- end }}
{{- end }}

{{/* The configuration stands in a ConfigMap, which many may read. */}}
{{- define "godwit.checkSecrets" -}}
{{- $found := list }}
{{- range $i, $user := .Values.config.users | default list }}
{{- if kindIs "string" $user.passwordHash }}
{{- $found = append $found (printf "config.users[%d].passwordHash" $i) }}
{{- end }}
{{- end }}
{{- range $i, $token := .Values.config.tokens | default list }}
{{- if kindIs "string" $token.tokenHash }}
{{- $found = append $found (printf "config.tokens[%d].tokenHash" $i) }}
{{- end }}
{{- end }}
{{- range $key := list "password" "token" "credentials" }}
{{- if kindIs "string" (index ($.Values.config.nats | default dict) $key) }}
{{- $found = append $found (printf "config.nats.%s" $key) }}
{{- end }}
{{- end }}
{{- if kindIs "string" (.Values.config.cassandra | default dict).password }}
{{- $found = append $found "config.cassandra.password" }}
{{- end }}
{{- range $i, $source := dig "delivery" "sources" list .Values.config }}
{{- if kindIs "string" ($source.proxy | default dict).password }}
{{- $found = append $found (printf "config.delivery.sources[%d].proxy.password" $i) }}
{{- end }}
{{- end }}
{{- range $name, $value := dig "telemetry" "headers" dict .Values.config }}
{{- if kindIs "string" $value }}
{{- $found = append $found (printf "config.telemetry.headers.%s" $name) }}
{{- end }}
{{- end }}
{{- range $found }}
{{- fail (printf "%s is a secret, and the configuration is none: put it into the Secret that secrets.existing names, and write { file: secrets/<key> } here" .) }}
{{- end }}
{{- $named := list .Values.config .Values.edge.nats .Values.delivery.nats .Values.control.nats .Values.schema.nats }}
{{- $wanted := regexFindAll "\\bsecrets/[A-Za-z0-9._-]+" (toJson $named) -1 | uniq }}
{{- if and $wanted (not .Values.secrets.existing) }}
{{- range $wanted }}
{{- if not (hasKey $.Values.secrets.files (trimPrefix "secrets/" .)) }}
{{- fail (printf "config names %s, and there is no such file: set secrets.existing to a Secret with the key %s, or secrets.files" . (trimPrefix "secrets/" .)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "godwit.checkScaling" -}}
{{- range $role := list "edge" "delivery" }}
{{- with (index $.Values $role).autoscaling }}
{{- if and .enabled (gt (int .min) (int .max)) }}
{{- fail (printf "%s.autoscaling.min is %d, and max %d: max is the larger" $role (int .min) (int .max)) }}
{{- end }}
{{- if and .enabled (eq .metric.by "keda") (not $.Values.keda.prometheus) }}
{{- fail (printf "%s.autoscaling.metric.by is keda, which asks Prometheus: set keda.prometheus to its address" $role) }}
{{- end }}
{{- if and .enabled (not .cpu) (eq .metric.by "none") }}
{{- fail (printf "%s.autoscaling has nothing to go by: set cpu, or metric.by to adapter or keda" $role) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
