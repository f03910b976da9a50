{{/*
A secret that is made once, and found again at an upgrade. It begins with a letter: nats-server takes
what begins with a digit for a number.
*/}}
{{- define "godwit.keptSecret" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .name -}}
{{- $kept := dig "data" .key "" $found -}}
{{ $kept | default (printf "p%s" (randAlphaNum 39) | b64enc) | quote }}
{{- end }}

{{/* Of a bundled server. */}}
{{- define "godwit.passwordsSecret" -}}
{{ (index .root.Values .server).bundled.passwordsSecret | default (printf "%s-%s" (include "godwit.fullname" .root) .server) }}
{{- end }}

{{- define "godwit.certificateSecret" -}}
{{ (index .root.Values .server).bundled.tls.secret | default (printf "%s-%s-tls" (include "godwit.fullname" .root) .server) }}
{{- end }}

{{/* Under which key a role, or `schema`, has its password for a server; none: it has no business there. */}}
{{- define "godwit.loginKey" -}}
{{- if eq .role "schema" -}}
admin
{{- else if eq .server "nats" -}}
{{ .role }}
{{- else if ne .role "edge" -}}
roles
{{- end }}
{{- end }}

{{/* Files for a role's folder: what bundled servers know it by, and what it knows them by. */}}
{{- define "godwit.serverSources" -}}
{{- range $server := list "nats" "cassandra" }}
{{- $bundled := (index $.root.Values $server).bundled }}
{{- $of := dict "root" $.root "server" $server "role" $.role }}
{{- $key := include "godwit.loginKey" $of }}
{{- if and $bundled.enabled $key }}
- secret:
    name: {{ include "godwit.passwordsSecret" $of }}
    items: [{ key: {{ $key }}, path: {{ $server }}/password }]
{{- if $bundled.tls.enabled }}
- secret:
    name: {{ include "godwit.certificateSecret" $of }}
    items: [{ key: ca.crt, path: {{ $server }}/ca.crt }]
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Data of a Secret with a certificate for `names` that an authority made for nothing else has signed: made
once, and found again at an upgrade. Nobody keeps that authority's key.
*/}}
{{- define "godwit.serverCertificate" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- $kept := dig "data" dict $found -}}
{{- if hasKey $kept "tls-combined.pem" -}}
{{ toYaml $kept }}
{{- else -}}
{{- $days := 7300 -}}
{{- $authority := genCAWithKey (printf "Godwit %s" .server) $days (genPrivateKey "ecdsa") -}}
{{- $made := genSignedCertWithKey .server nil .names $days $authority (genPrivateKey "ecdsa") -}}
{{- /* As PKCS #8, which Java wants: a header that is the same for every key of this curve. */ -}}
{{- $header := b64dec "MIGTAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBHk=" -}}
{{- $body := regexReplaceAll "-----[A-Z ]+-----|\\s" $made.Key "" | b64dec -}}
{{- $key := printf "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n" (printf "%s%s" $header $body | b64enc | wrapWith 64 "\n") -}}
ca.crt: {{ $authority.Cert | b64enc }}
tls.crt: {{ $made.Cert | b64enc }}
tls.key: {{ $key | b64enc }}
tls-combined.pem: {{ printf "%s%s" $key $made.Cert | b64enc }}
{{- end }}
{{- end }}

{{/* Of a bundled server, by which pods of the release and of other namespaces may call it. */}}
{{- define "godwit.serverNames" -}}
{{- $service := printf "%s-%s" (include "godwit.fullname" .root) .server -}}
{{- $hosts := list $service -}}
{{- if eq .server "nats" -}}
{{- range $i := until 5 -}}
{{- $hosts = append $hosts (printf "%s-%d.%s" $service $i $service) -}}
{{- end -}}
{{- end -}}
{{- /* As `kubectl port-forward` and tools in the pod have it. */ -}}
{{- $names := list "localhost" -}}
{{- range $host := $hosts -}}
{{- $names = concat $names (list $host (printf "%s.%s" $host $.root.Release.Namespace) (printf "%s.%s.svc" $host $.root.Release.Namespace)) -}}
{{- end -}}
{{ toYaml $names }}
{{- end }}
