{{/* The servers, as a role has them, or `schema`. */}}
{{- define "godwit.natsConfig" -}}
{{- $nats := deepCopy (.root.Values.config.nats | default dict) -}}
{{- with (index .root.Values .role).nats -}}
{{- $nats = merge (deepCopy .) (omit $nats "user" "password" "token" "credentials") -}}
{{- end -}}
{{- with .root.Values.nats.bundled -}}
{{- if .enabled -}}
{{- $full := include "godwit.fullname" $.root -}}
{{- $scheme := ternary "tls" "nats" .tls.enabled -}}
{{- $servers := list -}}
{{- range $i := until (int .replicas) -}}
{{- $servers = append $servers (printf "%s://%s-nats-%d.%s-nats:4222" $scheme $full $i $full) -}}
{{- end -}}
{{- $_ := set $nats "servers" $servers -}}
{{- $_ := set $nats "user" (printf "godwit-%s" (include "godwit.loginKey" (dict "server" "nats" "role" $.role))) -}}
{{- $_ := set $nats "password" (dict "file" "nats/password") -}}
{{- if .tls.enabled -}}
{{- $_ := set $nats "tls" (dict "ca" "nats/ca.crt") -}}
{{- end -}}
{{- if not (hasKey $nats "replicas") -}}
{{- $_ := set $nats "replicas" (ternary 3 1 (ge (int .replicas) 3)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $nats }}
{{- end }}

{{- define "godwit.cassandraConfig" -}}
{{- $cassandra := deepCopy (.root.Values.config.cassandra | default dict) -}}
{{- with .root.Values.cassandra.bundled -}}
{{- if .enabled -}}
{{- $full := include "godwit.fullname" $.root -}}
{{- $_ := set $cassandra "contactPoints" (list (printf "%s-cassandra:9042" $full)) -}}
{{- $_ := set $cassandra "localDataCenter" "datacenter1" -}}
{{- $_ := set $cassandra "username" (ternary "godwit-admin" "godwit" (eq $.role "schema")) -}}
{{- $_ := set $cassandra "password" (dict "file" "cassandra/password") -}}
{{- if .tls.enabled -}}
{{- /* Nodes are reached by their pods' addresses, which no certificate knows. */ -}}
{{- $_ := set $cassandra "tls" (dict "ca" "cassandra/ca.crt" "serverName" (printf "%s-cassandra" $full)) -}}
{{- end -}}
{{- if not (hasKey $cassandra "replication") -}}
{{- $_ := set $cassandra "replication" (min 3 (int .replicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $cassandra }}
{{- end }}

{{/* godwit.yaml of a role: nobody has what is another's secret. */}}
{{- define "godwit.roleConfig" -}}
{{- $root := .root -}}
{{- $config := deepCopy $root.Values.config -}}
{{- $_ := set $config "data" "/tmp/godwit" -}}
{{- $_ := set $config "control" (dict "address" "0.0.0.0" "port" 8025 "tokenFile" "operators/token") -}}
{{- $_ := set $config "nats" (include "godwit.natsConfig" . | fromYaml) -}}
{{- if eq .role "edge" -}}
{{- $config = omit $config "cassandra" -}}
{{- /* For its pools their names are enough. */ -}}
{{- range dig "delivery" "sources" list $config -}}
{{- $_ := unset . "proxy" -}}
{{- end -}}
{{- if include "godwit.tlsSecret" $root -}}
{{- $_ := set $config "tls" (dict "certificate" "tls/tls.crt" "privateKey" "tls/tls.key") -}}
{{- end -}}
{{- else -}}
{{- $config = omit $config "users" "tokens" "listeners" "limits" -}}
{{- $_ := set $config "cassandra" (include "godwit.cassandraConfig" . | fromYaml) -}}
{{- end -}}
{{- if eq .role "control" -}}
{{- $config = include "godwit.withRetryOnly" $config | fromYaml -}}
{{- end -}}
{{- if $root.Values.shaping -}}
{{- $_ := set $config "shaping" (list "shaping.yaml") -}}
{{- end -}}
{{ toYaml $config }}
{{- end }}

{{/* As much as `schema apply` needs: what else there is may not be there yet. */}}
{{- define "godwit.schemaConfig" -}}
{{- $servers := dict "root" . "role" "schema" -}}
{{- $config := pick .Values.config "hostname" "shards" "events" "delivery" "scheduling" -}}
{{- $config = include "godwit.withRetryOnly" $config | fromYaml -}}
{{- $_ := set $config "nats" (include "godwit.natsConfig" $servers | fromYaml) -}}
{{- $_ := set $config "cassandra" (include "godwit.cassandraConfig" $servers | fromYaml) -}}
{{ toYaml $config }}
{{- end }}

{{/* Of delivery no more than how long mail may wait: streams keep large content for as long. */}}
{{- define "godwit.withRetryOnly" -}}
{{- $rest := omit . "delivery" -}}
{{- with dig "delivery" "retry" dict . -}}
{{- $_ := set $rest "delivery" (dict "retry" .) -}}
{{- end -}}
{{ toYaml $rest }}
{{- end }}

{{/* Keys of the secrets that a configuration names. */}}
{{- define "godwit.secretItems" -}}
{{- range regexFindAll "\\bsecrets/[A-Za-z0-9._-]+" . -1 | uniq | sortAlpha }}
- { key: {{ trimPrefix "secrets/" . | quote }}, path: {{ . | quote }} }
{{- end }}
{{- end }}
