{{/* One folder of files, replaced as a whole when one of them changes. */}}
{{- define "godwit.filesVolume" -}}
name: files
projected:
  defaultMode: 288 # 0440
  sources:
    - configMap: { name: {{ .configMap }} }
    {{- with include "godwit.secretItems" .config }}
    - secret:
        name: {{ $.secretName | default (include "godwit.filesSecret" $.root) }}
        items: {{- . | nindent 10 }}
    {{- end }}
    {{- include "godwit.serverSources" . | nindent 4 }}
    {{- if .hasTls }}
    - secret:
        name: {{ include "godwit.tlsSecret" .root }}
        items: [{ key: tls.crt, path: tls/tls.crt }, { key: tls.key, path: tls/tls.key }]
    {{- end }}
    {{- if .hasToken }}
    - secret:
        name: {{ include "godwit.operatorsSecret" .root }}
        items: [{ key: token, path: operators/token }]
    {{- end }}
{{- end }}

{{- define "godwit.pullSecrets" -}}
{{- $secrets := list -}}
{{- range .Values.image.pullSecrets -}}
{{- $secrets = append $secrets (dict "name" .) -}}
{{- end -}}
imagePullSecrets: {{ toJson $secrets }}
{{- end }}

{{- define "godwit.containerBasics" -}}
image: {{ include "godwit.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- include "godwit.containerSecurity" . | nindent 2 }}
volumeMounts:
  - { name: files, mountPath: /etc/godwit, readOnly: true }
  - { name: temporary, mountPath: /tmp }
{{- end }}

{{- define "godwit.schemaContainer" -}}
name: schema
args: {{ .args | toJson }}
resources: {{- toYaml .root.Values.schema.resources | nindent 2 }}
{{- with .env }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{ include "godwit.containerBasics" .root }}
{{- end }}

{{/* A role's Deployment: `graceSeconds` is what its end takes, `listeners` have ports beside control's. */}}
{{- define "godwit.deployment" -}}
{{- $root := .root }}
{{- $role := .role }}
{{- $values := index .root.Values .role }}
{{- $autoscaling := $values.autoscaling | default dict }}
{{- $config := include "godwit.roleConfig" (dict "root" .root "role" .role) }}
{{- $selector := include "godwit.selector" (dict "root" .root "role" .role) }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "godwit.fullname" .root }}-{{ .role }}
  labels: {{- include "godwit.labels" (dict "root" .root "role" .role) | nindent 4 }}
spec:
  {{- if not $autoscaling.enabled }}
  replicas: {{ $values.replicas }}
  {{- else }}
  {{- with lookup "apps/v1" "Deployment" .root.Release.Namespace (printf "%s-%s" (include "godwit.fullname" .root) .role) }}
  # As many as there are: left out where helm had set it, it would be one until the autoscaler looks.
  replicas: {{ int .spec.replicas }}
  {{- end }}
  {{- end }}
  {{- if $values.hostNetwork }}
  # A node has its ports once: the old worker goes before the new one comes.
  strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }
  {{- else }}
  strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  {{- end }}
  selector:
    matchLabels: {{- $selector | nindent 6 }}
  template:
    metadata:
      labels: {{- include "godwit.labels" (dict "root" .root "role" .role) | nindent 8 }}
      annotations:
        checksum/config: {{ printf "%s%s" $config (toJson .root.Values.shaping) | sha256sum }}
        checksum/secrets: {{ toJson .root.Values.secrets.files | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "godwit.fullname" .root }}-{{ .role }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .graceSeconds }}
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- include "godwit.pullSecrets" .root | nindent 6 }}
      {{- if $values.hostNetwork }}
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      {{- end }}
      securityContext: {{- include "godwit.podSecurity" 65532 | nindent 8 }}
      topologySpreadConstraints:
        - topologyKey: topology.kubernetes.io/zone
          maxSkew: 1
          whenUnsatisfiable: {{ $values.spreadOverZones }}
          labelSelector:
            matchLabels: {{- $selector | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        - topologyKey: kubernetes.io/hostname
          maxSkew: 1
          whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" ($values.hostNetwork | default false) }}
          labelSelector:
            matchLabels: {{- $selector | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
      {{- with $values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if and .root.Values.schema.enabled (include "godwit.isBundled" .root) }}
      initContainers:
        # The servers, and what the schema's Job makes there: with this role's rights.
        - {{- include "godwit.schemaContainer" (dict "root" .root "args" (list "schema" "apply" "--check" "--wait" "--role" .role "--config" "godwit.yaml")) | nindent 10 }}
      {{- end }}
      containers:
        - name: {{ .role }}
          args: [{{ .role }}, --watch, --config, godwit.yaml]
          {{- include "godwit.containerBasics" .root | nindent 10 }}
          env:
            {{- with dig "limits" "memory" "" $values.resources }}
            # Half of what it may have: else it collects its garbage as if the node were its own.
            - { name: BUN_JSC_forceRAMSize, value: {{ div (int64 (include "godwit.bytes" .)) 2 | quote }} }
            {{- end }}
            {{- with $values.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - { name: control, containerPort: 8025 }
            {{- range .listeners }}
            - { name: {{ .name }}, containerPort: {{ .port }} }
            {{- end }}
          # Its own death only: a server that is away is no reason to start anew.
          livenessProbe: { httpGet: { path: /livez, port: control }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
          readinessProbe: { httpGet: { path: /readyz, port: control }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 }
          {{- with $values.preStopSeconds }}
          lifecycle: { preStop: { sleep: { seconds: {{ . }} } } }
          {{- end }}
          resources: {{- toYaml $values.resources | nindent 12 }}
      volumes:
        - {{- include "godwit.filesVolume" (dict "root" .root "role" .role "configMap" (printf "%s-%s" (include "godwit.fullname" .root) .role) "config" $config "hasTls" (and (eq .role "edge") (include "godwit.tlsSecret" .root)) "hasToken" (eq .role "control")) | nindent 10 }}
        - { name: temporary, emptyDir: { sizeLimit: 64Mi } }
{{- end }}
