{{- define "agentrun.labels" -}}
app.kubernetes.io/name: agentrun
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* Called with (list $ "api"). */}}
{{- define "agentrun.selector" -}}
app.kubernetes.io/name: agentrun
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "agentrun.managerImage" -}}
{{ .Values.image.manager.repository }}:{{ .Values.image.manager.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "agentrun.runnerImage" -}}
{{ .Values.image.runner.repository }}:{{ .Values.image.runner.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "agentrun.runnersNamespace" -}}
{{ .Values.runners.namespace | default .Release.Namespace }}
{{- end }}

{{- define "agentrun.keysSecret" -}}
{{ .Values.keys.existingSecret | default "agentrun-keys" }}
{{- end }}

{{- define "agentrun.temporalAddress" -}}
{{- if .Values.temporal.address -}}
{{ .Values.temporal.address }}
{{- else if .Values.trial.temporal.enabled -}}
agentrun-trial-temporal.{{ .Release.Namespace }}.svc.cluster.local:7233
{{- else -}}
{{ fail "temporal.address is not set: name a Temporal of yours (host:port), or try trial.temporal.enabled" }}
{{- end -}}
{{- end }}

{{- /* AGENTRUN_DATABASE_URL, from the Secret of that name in `secret` where one is of the chart's own. Called with (list $ "agentrun-database"). */}}
{{- define "agentrun.databaseEnv" -}}
{{- $ := index . 0 -}}
{{- $database := $.Values.database -}}
{{- if $database.existingSecret -}}
- name: AGENTRUN_DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ $database.existingSecret }}, key: {{ $database.secretKey }} } }
{{- else if $database.url -}}
- name: AGENTRUN_DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ index . 1 }}, key: {{ $database.secretKey }} } }
{{- else if $.Values.trial.postgresql.enabled -}}
- name: TRIAL_POSTGRESQL_PASSWORD
  valueFrom: { secretKeyRef: { name: agentrun-trial-postgresql, key: password } }
- name: AGENTRUN_DATABASE_URL
  value: postgres://agentrun:$(TRIAL_POSTGRESQL_PASSWORD)@agentrun-trial-postgresql.{{ $.Release.Namespace }}.svc.cluster.local:5432/agentrun
{{- else -}}
{{ fail "database.existingSecret is not set: name a Secret with the URL of a PostgreSQL of yours, or its URL (database.url), or try trial.postgresql.enabled" }}
{{- end -}}
{{- end }}

{{- /* What API and worker have in common. */}}
{{- define "agentrun.env" -}}
{{ include "agentrun.databaseEnv" (list $ "agentrun-database") }}
- name: AGENTRUN_DATABASE_CONNECTIONS
  value: {{ .Values.database.connections | toString | quote }}
- name: AGENTRUN_TEMPORAL_ADDRESS
  value: {{ include "agentrun.temporalAddress" . | quote }}
- name: AGENTRUN_TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- include "agentrun.temporalAccess" . }}
- name: AGENTRUN_TOKEN_KEY
  valueFrom: { secretKeyRef: { name: {{ include "agentrun.keysSecret" . }}, key: token-key } }
- name: AGENTRUN_PAYLOAD_KEYS
  valueFrom: { secretKeyRef: { name: {{ include "agentrun.keysSecret" . }}, key: payload-keys, optional: true } }
- name: AGENTRUN_PLATFORM
  value: kubernetes
- name: AGENTRUN_RUNTIME_NAMESPACE
  value: {{ include "agentrun.runnersNamespace" . | quote }}
- name: AGENTRUN_LANE
  value: {{ .Values.runners.lane | quote }}
- name: AGENTRUN_HOST
  value: {{ .Values.listenAddress | quote }}
- name: AGENTRUN_INTERNAL_MGR_URL
  value: {{ .Values.runners.managerUrl | default (printf "http://agentrun-mgr.%s.svc.cluster.local:%v" .Release.Namespace .Values.api.service.port) | quote }}
- name: AGENTRUN_DEFAULT_SANDBOX
  value: {{ .Values.runners.defaultSandbox }}
- name: AGENTRUN_RUNNER_IMAGE
  value: {{ include "agentrun.runnerImage" . | quote }}
- name: AGENTRUN_RUNNER_IMAGE_PULL_POLICY
  value: {{ .Values.image.runner.pullPolicy }}
{{- with .Values.image.pullSecrets }}
- name: AGENTRUN_RUNNER_IMAGE_PULL_SECRETS
  value: {{ join "," . | quote }}
{{- end }}
{{- with .Values.runners.allowedImages }}
- name: AGENTRUN_RUNNER_IMAGES_ALLOWED
  value: {{ join "," . | quote }}
{{- end }}
- name: AGENTRUN_RUNNER_SERVICE_ACCOUNT
  value: {{ .Values.runners.serviceAccount | quote }}
- name: AGENTRUN_RUNNER_RESOURCES_JSON
  value: {{ include "agentrun.runnerResources" . | quote }}
- name: AGENTRUN_RUNNER_NODE_SELECTOR_JSON
  value: {{ toJson .Values.runners.nodeSelector | quote }}
- name: AGENTRUN_RUNNER_TOLERATIONS_JSON
  value: {{ toJson .Values.runners.tolerations | quote }}
{{- with .Values.runners.runtimeClass }}
- name: AGENTRUN_RUNNER_RUNTIME_CLASS
  value: {{ . | quote }}
{{- end }}
{{- with .Values.runners.priorityClass }}
- name: AGENTRUN_RUNNER_PRIORITY_CLASS
  value: {{ . | quote }}
{{- end }}
{{- with .Values.runners.storage.class }}
- name: AGENTRUN_STORAGE_CLASS
  value: {{ . | quote }}
{{- end }}
- name: AGENTRUN_STORAGE_SIZE
  value: {{ .Values.runners.storage.size | quote }}
- name: AGENTRUN_STORAGE_ACCESS_MODE
  value: {{ .Values.runners.storage.accessMode }}
- name: AGENTRUN_WORKSPACE_RETENTION_HOURS
  value: {{ .Values.runners.storage.retentionHours | toString | quote }}
- name: AGENTRUN_UNSCHEDULABLE_GRACE_MS
  value: {{ mul 1000 .Values.runners.unschedulableGraceSeconds | toString | quote }}
- name: AGENTRUN_IMAGE_PULL_GRACE_MS
  value: {{ mul 1000 .Values.runners.imagePullGraceSeconds | toString | quote }}
{{- with .Values.runners.warm.pools }}
- name: AGENTRUN_WARM_RUNNERS_JSON
  value: {{ toJson . | quote }}
- name: AGENTRUN_WARM_RUNNER_MAX_AGE_SECONDS
  value: {{ $.Values.runners.warm.maxAgeSeconds | toString | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- /* Quantities may be numbers where people write them; the setting takes texts, as Kubernetes' own do. */}}
{{- define "agentrun.runnerResources" -}}
{{- $resources := dict -}}
{{- range $kind, $quantities := .Values.runners.resources -}}
{{- $texts := dict -}}
{{- range $name, $quantity := $quantities -}}
{{- $_ := set $texts $name (toJson $quantity | trimAll "\"") -}}
{{- end -}}
{{- $_ := set $resources $kind $texts -}}
{{- end -}}
{{- toJson $resources -}}
{{- end }}

{{- define "agentrun.temporalAccess" -}}
{{- $temporal := .Values.temporal -}}
{{- $folder := "/etc/agentrun/temporal" -}}
{{- if $temporal.tls.enabled }}
- name: AGENTRUN_TEMPORAL_TLS
  value: 'true'
{{- end }}
{{- with $temporal.tls.serverName }}
- name: AGENTRUN_TEMPORAL_TLS_SERVER_NAME
  value: {{ . | quote }}
{{- end }}
{{- if $temporal.tls.caSecret }}
- name: AGENTRUN_TEMPORAL_TLS_CA_FILE
  value: {{ $folder }}/ca.crt
{{- end }}
{{- if $temporal.tls.clientSecret }}
- name: AGENTRUN_TEMPORAL_TLS_CERT_FILE
  value: {{ $folder }}/tls.crt
- name: AGENTRUN_TEMPORAL_TLS_KEY_FILE
  value: {{ $folder }}/tls.key
{{- end }}
{{- if $temporal.apiKeySecret }}
- name: AGENTRUN_TEMPORAL_API_KEY_FILE
  value: {{ $folder }}/api-key
{{- end }}
{{- end }}

{{- /* The Secrets that API and worker show, or hold against what Temporal shows; empty where there is none. */}}
{{- define "agentrun.temporalSecrets" -}}
{{- with .Values.temporal.tls.caSecret }}
- secret: { name: {{ . }}, items: [{ key: ca.crt, path: ca.crt }] }
{{- end }}
{{- with .Values.temporal.tls.clientSecret }}
- secret: { name: {{ . }}, items: [{ key: tls.crt, path: tls.crt }, { key: tls.key, path: tls.key }] }
{{- end }}
{{- with .Values.temporal.apiKeySecret }}
- secret: { name: {{ . }}, items: [{ key: api-key, path: api-key }] }
{{- end }}
{{- end }}

{{- define "agentrun.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "agentrun.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* What a part's container mounts: called with (list $ .Values.api). Nothing in the first two has to outlive a Pod. */}}
{{- define "agentrun.mounts" -}}
- { name: data, mountPath: /var/lib/agentrun }
- { name: tmp, mountPath: /tmp }
{{- range (index . 1).extraVolumeMounts }}
- {{ toJson . }}
{{- end }}
{{- end }}

{{- define "agentrun.volumes" -}}
- { name: data, emptyDir: { sizeLimit: 64Mi } }
- { name: tmp, emptyDir: { sizeLimit: 64Mi } }
{{- range (index . 1).extraVolumes }}
- {{ toJson . }}
{{- end }}
{{- end }}

{{- /* Of API and worker, on top of those. */}}
{{- define "agentrun.managerMounts" -}}
{{ include "agentrun.mounts" . }}
{{- if include "agentrun.temporalSecrets" (index . 0) }}
- { name: temporal, mountPath: /etc/agentrun/temporal, readOnly: true }
{{- end }}
{{- end }}

{{- define "agentrun.managerVolumes" -}}
{{ include "agentrun.volumes" . }}
{{- with include "agentrun.temporalSecrets" (index . 0) }}
- name: temporal
  projected:
    defaultMode: 288 # 0440
    sources: {{- . | trim | nindent 6 }}
{{- end }}
{{- end }}

{{- /* Where Pods of a part go: called with (list $ "api" .Values.api). */}}
{{- define "agentrun.placement" -}}
{{- $part := index . 2 -}}
{{- with $part.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with $part.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with $part.affinity }}
affinity: {{ toJson . }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "agentrun.selector" . | nindent 8 }}
{{- end }}

{{- define "agentrun.podAnnotations" -}}
{{- $ := index . 0 -}}
{{- $own := dict "checksum/database" (sha256sum $.Values.database.url) -}}
{{ toJson (merge $own (index . 1).podAnnotations) }}
{{- end }}

{{- define "agentrun.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
