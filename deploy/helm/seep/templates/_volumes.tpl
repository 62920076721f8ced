{{/* What a pod of the project's own images mounts, from the dict of its spec; the root file system is read-only. */}}
{{- define "seep.volumeMounts" -}}
- {name: configuration, mountPath: /etc/seep/seep.yaml, subPath: seep.yaml, readOnly: true}
- {name: tmp, mountPath: /tmp}
- {name: cache, mountPath: /var/cache/seep}
{{- range include "seep.fileVolumes" . | fromJsonArray }}
- {name: {{ . }}, mountPath: /etc/seep/{{ . }}, readOnly: true}
{{- end }}
{{- if .models }}
- {name: models, mountPath: /models, readOnly: {{ not .writeModels }}}
{{- end }}
{{- if gt (int (default 0 .gpus)) 1 }}
- {name: shared-memory, mountPath: /dev/shm}
{{- end }}
{{- $ofEngine := dict "api-key" (printf "engines/%v" .engine) "proxy-credentials" (printf "proxies/%v" .engine) "secret-files" (printf "files/%v" .engine) }}
{{- range $name, $_ := include "seep.secretVolumes" . | fromJson }}
- {name: {{ $name }}, mountPath: /etc/seep/secrets/{{ get $ofEngine $name | default $name }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "seep.volumes" -}}
- name: configuration
  configMap: {name: {{ .configMap | default (include "seep.partName" (list .root "configuration")) }}}
# What is written has a limit everywhere: a pod that is over it is evicted, not the node's others.
- name: tmp
  emptyDir: {sizeLimit: 2Gi}
- name: cache
{{- if .claim }}
  persistentVolumeClaim: {claimName: {{ .claim | quote }}}
{{- else if .cache }}
  emptyDir: {sizeLimit: {{ .cache.size }}}
{{- else }}
  emptyDir: {sizeLimit: 256Mi}
{{- end }}
{{- range include "seep.fileVolumes" . | fromJsonArray }}
- name: {{ . }}
  configMap: {name: {{ (index $.root.Values .).existingConfigMap | default (include "seep.partName" (list $.root (printf "%s%s" (default "" $.filesPrefix) .))) | quote }}}
{{- end }}
{{- with .models }}
- name: models
{{- if .existingClaim }}
  persistentVolumeClaim: {claimName: {{ .existingClaim | quote }}, readOnly: true}
{{- else }}
  emptyDir: {sizeLimit: {{ $.cache.size }}}
{{- end }}
{{- end }}
{{- if gt (int (default 0 .gpus)) 1 }}
- name: shared-memory
  emptyDir: {medium: Memory, sizeLimit: {{ .values.gpu.shmSize }}}
{{- end }}
{{- range $name, $secret := include "seep.secretVolumes" . | fromJson }}
- name: {{ $name }}
  secret:
    secretName: {{ $secret.name | quote }}
    defaultMode: 0440
    {{- with $secret.items }}
    items:
      {{- range $key, $path := . }}
      - {key: {{ $key | quote }}, path: {{ $path }}}
      {{- end }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* The secrets that are mounted as files, by volume. Every process checks that Kafka's certificates are there. */}}
{{- define "seep.secretVolumes" -}}
{{- $values := .root.Values -}}
{{- $volumes := dict -}}
{{- if .database -}}
{{- $key := ternary "dsn" $values.externalDatabase.existingSecretKey $values.postgresql.enabled -}}
{{- $name := include "seep.databaseSecret" .root -}}
{{- if and .readOnlyDatabase $values.postgresql.enabled -}}{{- $key = "reader-dsn" -}}
{{- else if and .readOnlyDatabase $values.externalDatabase.apiExistingSecret -}}{{- $name = $values.externalDatabase.apiExistingSecret -}}{{- end -}}
{{- $_ := set $volumes "database" (dict "name" $name "items" (dict $key "dsn")) -}}
{{- end -}}
{{- if not $values.kafka.enabled -}}
{{- with $values.externalKafka.tls.caSecret -}}
{{- $_ := set $volumes "kafka-ca" (dict "name" . "items" (dict $values.externalKafka.tls.caKey "ca.crt")) -}}
{{- end -}}
{{- with $values.externalKafka.tls.clientSecret -}}
{{- $_ := set $volumes "kafka-client" (dict "name" . "items" (dict "tls.crt" "tls.crt" "tls.key" "tls.key")) -}}
{{- end -}}
{{- end -}}
{{- if and .apiToken $values.api.existingSecret -}}
{{- $_ := set $volumes "api" (dict "name" $values.api.existingSecret "items" (dict $values.api.existingSecretKey "token")) -}}
{{- end -}}
{{- if and .events $values.aggregator.webhook.existingSecret -}}
{{- $_ := set $volumes "webhook" (dict "name" $values.aggregator.webhook.existingSecret "items" (dict $values.aggregator.webhook.existingSecretKey "secret")) -}}
{{- end -}}
{{- with dig "apiKey" "existingSecret" "" .values -}}
{{- $_ := set $volumes "api-key" (dict "name" . "items" (dict (dig "apiKey" "key" "key" $.values) "key")) -}}
{{- end -}}
{{- with dig "proxyCredentials" "existingSecret" "" .values -}}
{{- $_ := set $volumes "proxy-credentials" (dict "name" . "items" (dict (dig "proxyCredentials" "key" "credentials" $.values) "credentials")) -}}
{{- end -}}
{{- with dig "secretFiles" "existingSecret" "" .values -}}
{{- $_ := set $volumes "secret-files" (dict "name" .) -}}
{{- end -}}
{{- if and .kafka (include "seep.kafkaSecret" .) -}}
{{- $sasl := include "seep.kafkaSecret" . | fromJson -}}
{{- $_ := set $volumes "kafka-login" (dict "name" $sasl.secret "items" $sasl.items) -}}
{{- end -}}
{{- if and .cache $values.modelHub.enabled $values.modelHub.tokenSecret -}}
{{- $_ := set $volumes "model-hub" (dict "name" $values.modelHub.tokenSecret "items" (dict $values.modelHub.tokenKey "token")) -}}
{{- end -}}
{{- toJson $volumes -}}
{{- end -}}

{{/* Which of suites and recordings there are, for a pod that reads files. */}}
{{- define "seep.fileVolumes" -}}
{{- $found := list -}}
{{- if .files -}}
{{- range list "suites" "recordings" -}}
{{- $given := index $.root.Values . -}}
{{- if or $given.files $given.existingConfigMap -}}{{- $found = append $found . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}
