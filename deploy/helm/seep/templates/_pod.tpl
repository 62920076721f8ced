{{/*
The metadata and spec of a pod of the project's own images, so that all of them are restricted alike. From a dict:
  root, component, engine (of a generator); values: image, resources and where to run; command; checksum
  kafka, database, files (suites and recordings; filesPrefix of the names of their ConfigMaps), apiToken: what it reads beside seep.yaml; readOnlyDatabase
  cache, models (values); prepare (a command that fills models); gpus
  port (name and number; live, ready and startup where they are not those of the services), grace (seconds); once (a job's restart policy); setup (which job of those); annotations
*/}}
{{- define "seep.podMetadata" -}}
# Without versions: pods are not restarted for a chart's version alone.
labels:
  {{- include "seep.selectorLabels" (compact (list .root .component .engine)) | nindent 2 }}
  {{- with .setup }}
  seep/setup: {{ . }}
  {{- end }}
  {{- if .kafka }}
  seep/kafka-client: "true"
  {{- end }}
  {{- if .database }}
  seep/database-client: "true"
  {{- end }}
{{- $annotations := deepCopy (default dict .annotations) -}}
{{- if .checksum }}{{- $_ := set $annotations "checksum/configuration" .checksum -}}{{- end -}}
{{- if and .files (not .once) }}{{- $_ := set $annotations "checksum/files" (list .root.Values.suites .root.Values.recordings | toJson | sha256sum) -}}{{- end -}}
{{- with merge $annotations .root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "seep.podSpec" -}}
{{- $root := .root -}}
{{- $values := .values -}}
serviceAccountName: {{ include "seep.partName" (list $root (.account | default .component)) }}
automountServiceAccountToken: false
# Variables of services would be taken for settings.
enableServiceLinks: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "seep.podSecurityContext" . | nindent 2 }}
{{- with .once }}
restartPolicy: {{ . }}
{{- end }}
{{- with .grace }}
terminationGracePeriodSeconds: {{ . }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- if and .gpus $values.gpu.runtimeClassName }}
runtimeClassName: {{ $values.gpu.runtimeClassName | quote }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat ($values.tolerations | default list) (ternary (dig "gpu" "tolerations" list $values) list (not (empty .gpus))) }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if not .once }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "seep.selectorLabels" (compact (list $root $.component $.engine)) | nindent 8 }}
  {{- end }}
{{- end }}
{{- with .prepare }}
initContainers:
  - name: prepare
    {{- include "seep.container" (merge (dict "command" . "writeModels" true) (omit $ "port" "gpus")) | nindent 4 }}
{{- end }}
containers:
  - name: {{ .component }}
    {{- include "seep.container" . | nindent 4 }}
volumes:
  {{- include "seep.volumes" . | nindent 2 }}
{{- end -}}

{{- define "seep.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "seep.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "seep.container" -}}
image: {{ include "seep.image" (list .root .values.image) | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: {{ toJson .command }}
env:
  {{- include "seep.environment" . | nindent 2 }}
securityContext:
  {{- include "seep.containerSecurityContext" . | nindent 2 }}
{{- $resources := deepCopy .values.resources }}
{{- if .gpus }}
{{- $_ := set $resources "limits" (merge (dict .values.gpu.resourceName .gpus) (dig "limits" dict $resources)) }}
{{- end }}
resources:
  {{- toYaml $resources | nindent 2 }}
{{- with .port }}
ports:
  - name: {{ .name }}
    containerPort: {{ .number }}
  {{- if $.metrics }}
  - name: metrics
    containerPort: 9100
  {{- end }}
# A model that loads, or a broker that is away, makes a pod unready, not dead; until this port answers, libraries load.
startupProbe:
  httpGet: {path: {{ .live | default "/healthz" }}, port: {{ .name }}}
  periodSeconds: 2
  failureThreshold: {{ .startup | default 90 }}
livenessProbe:
  httpGet: {path: {{ .live | default "/healthz" }}, port: {{ .name }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: {{ .ready | default "/readyz" }}, port: {{ .name }}}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}
volumeMounts:
  {{- include "seep.volumeMounts" . | nindent 2 }}
{{- end -}}

{{- define "seep.environment" -}}
- {name: SEEP_CONFIG, value: /etc/seep/seep.yaml}
- {name: TMPDIR, value: /tmp}
{{- if .grace }}
# The rest of the pod's grace period is for leaving the group and closing connections.
- {name: SEEP_WORKER__GRACE_SECONDS, value: {{ max 1 (sub .grace 15) | quote }}}
{{- end }}
{{- range $name, $folder := include "seep.cacheFolders" . | fromJson }}
- {name: {{ $name }}, value: {{ printf "/var/cache/seep%s" $folder }}}
{{- end }}
{{- if .cache }}
{{- if .root.Values.modelHub.enabled }}
{{- if .root.Values.modelHub.tokenSecret }}
- {name: HF_TOKEN_PATH, value: /etc/seep/secrets/model-hub/token}
{{- end }}
{{- else }}
- {name: HF_HUB_OFFLINE, value: "1"}
{{- end }}
{{- end }}
{{- if and .kafka (include "seep.kafkaSecret" .) }}
{{- $sasl := include "seep.kafkaSecret" . | fromJson }}
{{- if $sasl.username }}
- {name: SEEP_KAFKA__SASL_PLAIN_USERNAME, value: {{ $sasl.username }}}
{{- else if $sasl.usernameKey }}
- name: SEEP_KAFKA__SASL_PLAIN_USERNAME
  valueFrom: {secretKeyRef: {name: {{ $sasl.secret | quote }}, key: {{ $sasl.usernameKey | quote }}}}
{{- end }}
{{- end }}
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Without these, libraries of models write to the home folder of a user who has none, and end. */}}
{{- define "seep.cacheFolders" -}}
{{- $folders := dict "HOME" "" "XDG_CACHE_HOME" "" -}}
{{- if .cache -}}
{{- $folders = dict "HOME" "" "XDG_CACHE_HOME" "" "XDG_CONFIG_HOME" "/config" "HF_HOME" "/huggingface" "VLLM_CACHE_ROOT" "/vllm"
  "VLLM_CONFIG_ROOT" "/vllm-config" "TRITON_CACHE_DIR" "/triton" "TORCHINDUCTOR_CACHE_DIR" "/torchinductor" "NUMBA_CACHE_DIR" "/numba"
  "MPLCONFIGDIR" "/matplotlib" -}}
{{- end -}}
{{- toJson $folders -}}
{{- end -}}

{{/* Where the SASL user and password, or the token, of a component are, as JSON; empty without SASL. */}}
{{- define "seep.kafkaSecret" -}}
{{- $values := .root.Values -}}
{{- if and $values.strimzi.createUsers (not $values.kafka.enabled) -}}
{{- $user := include "seep.partName" (list .root (include "seep.kafkaUser" .)) -}}
{{- dict "secret" $user "username" $user "items" (dict "password" "password") | toJson -}}
{{- else if and (hasPrefix "SASL_" $values.externalKafka.securityProtocol) (not $values.kafka.enabled) -}}
{{- $sasl := $values.externalKafka.sasl -}}
{{- if eq $sasl.mechanism "OAUTHBEARER" -}}
{{- dict "secret" $sasl.existingSecret "items" (dict $sasl.tokenKey "token") | toJson -}}
{{- else -}}
{{- dict "secret" $sasl.existingSecret "usernameKey" $sasl.usernameKey "items" (dict $sasl.passwordKey "password") | toJson -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The KafkaUser of a component and, of a generator, its engine: what sends runs, and makes topics, is one. */}}
{{- define "seep.kafkaUser" -}}
{{- if .engine -}}
{{- printf "%s-%s" .component .engine -}}
{{- else -}}
{{- ternary .component "sender" (has .component (list "scorer" "aggregator")) -}}
{{- end -}}
{{- end -}}
