{{/* The servers, as every role has them. */}}
{{- define "godwit.natsConfig" -}}
{{- $nats := deepCopy (.Values.config.nats | default dict) -}}
{{- with .Values.nats.bundled -}}
{{- if .enabled -}}
{{- $full := include "godwit.fullname" $ -}}
{{- $servers := list -}}
{{- range $i := until (int .replicas) -}}
{{- $servers = append $servers (printf "nats://%s-nats-%d.%s-nats:4222" $full $i $full) -}}
{{- end -}}
{{- $_ := set $nats "servers" $servers -}}
{{- $_ := set $nats "user" "godwit" -}}
{{- $_ := set $nats "password" (dict "file" "nats/password") -}}
{{- if not (hasKey $nats "replicas") -}}
{{- $_ := set $nats "replicas" (ternary 3 1 (ge (int .replicas) 3)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $nats }}
{{- end }}

{{- define "godwit.cassandraConfig" -}}
{{- $cassandra := deepCopy (.Values.config.cassandra | default dict) -}}
{{- with .Values.cassandra.bundled -}}
{{- if .enabled -}}
{{- $full := include "godwit.fullname" $ -}}
{{- $_ := set $cassandra "contactPoints" (list (printf "%s-cassandra:9042" $full)) -}}
{{- $_ := set $cassandra "localDataCenter" "datacenter1" -}}
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
{{- $_ := set $config "nats" (include "godwit.natsConfig" $root | fromYaml) -}}
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
{{- $config = omit $config "users" "listeners" "limits" -}}
{{- $_ := set $config "cassandra" (include "godwit.cassandraConfig" $root | fromYaml) -}}
{{- end -}}
{{- if eq .role "control" -}}
{{- $config = omit $config "delivery" -}}
{{- end -}}
{{- if $root.Values.shaping -}}
{{- $_ := set $config "shaping" (list "shaping.yaml") -}}
{{- end -}}
{{ toYaml $config }}
{{- end }}

{{/* As much as `schema apply` needs: what else there is may not be there yet. */}}
{{- define "godwit.schemaConfig" -}}
{{- $config := pick .Values.config "hostname" "shards" "events" -}}
{{- $_ := set $config "nats" (include "godwit.natsConfig" . | fromYaml) -}}
{{- $_ := set $config "cassandra" (include "godwit.cassandraConfig" . | fromYaml) -}}
{{ toYaml $config }}
{{- end }}

{{/* Keys of the secrets that a configuration names. */}}
{{- define "godwit.secretItems" -}}
{{- range regexFindAll "\\bsecrets/[A-Za-z0-9._-]+" . -1 | uniq | sortAlpha }}
- { key: {{ trimPrefix "secrets/" . | quote }}, path: {{ . | quote }} }
{{- end }}
{{- end }}
