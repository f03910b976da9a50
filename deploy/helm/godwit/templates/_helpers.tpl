{{- define "godwit.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "godwit.fullname" -}}
{{- $name := include "godwit.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What selects: never changes. */}}
{{- define "godwit.selector" -}}
app.kubernetes.io/name: {{ include "godwit.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "godwit.labels" -}}
{{ include "godwit.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "godwit.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{/* Of a pod; the user is the image's. */}}
{{- define "godwit.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "godwit.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Milliseconds of "1m30s". */}}
{{- define "godwit.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h|d)" . -1 -}}
{{- $digits := regexFind "^[0-9]+" . -}}
{{- $sum = add $sum (mul (int64 $digits) (index $units (trimPrefix $digits .))) -}}
{{- end -}}
{{ $sum }}
{{- end }}

{{/* Bytes of "1GiB", or of a quantity as Kubernetes has it: "64Gi", "10G". */}}
{{- define "godwit.bytes" -}}
{{- $units := dict "" 1 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "K" 1000 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{- $digits := regexFind "^[0-9]+" . -}}
{{ mul (int64 $digits) (index $units (trimPrefix $digits . | trimSuffix "B")) }}
{{- end }}

{{/* Seconds that an edge has for its transactions, rounded up. */}}
{{- define "godwit.edgeStopSeconds" -}}
{{- $stop := dig "limits" "stop" "30s" .Values.config -}}
{{ div (add (int64 (include "godwit.milliseconds" $stop)) 999) 1000 }}
{{- end }}

{{- define "godwit.operatorsSecret" -}}
{{ .Values.operators.tokenSecret | default (printf "%s-operators" (include "godwit.fullname" .)) }}
{{- end }}

{{- define "godwit.tlsSecret" -}}
{{- if .Values.tls.certManager.enabled -}}
{{ include "godwit.fullname" . }}-tls
{{- else -}}
{{ .Values.tls.secret }}
{{- end }}
{{- end }}

{{- define "godwit.filesSecret" -}}
{{ .Values.secrets.existing | default (printf "%s-files" (include "godwit.fullname" .)) }}
{{- end }}

{{/* Whether something of the release must be there before the schema can be made. */}}
{{- define "godwit.isBundled" -}}
{{- if or .Values.nats.bundled.enabled .Values.cassandra.bundled.enabled -}}true{{- end -}}
{{- end }}

{{/* What clients of a listener see. */}}
{{- define "godwit.servicePort" -}}
{{- $isTls := dig "tls" "implicit" false .listener -}}
{{- $default := ternary 465 587 $isTls -}}
{{- if eq .listener.kind "inbound" -}}
{{- $default = 25 -}}
{{- else if eq .listener.kind "http" -}}
{{- $default = ternary 443 80 $isTls -}}
{{- end -}}
{{ index .root.Values.edge.service.ports .listener.name | default $default }}
{{- end }}
