{{/* The names and labels of all objects. */}}

{{- define "seep.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of a part, from [root, part]; 52 characters, which is what a CronJob's may have. */}}
{{- define "seep.partName" -}}
{{- $name := printf "%s-%s" (include "seep.fullname" (first .)) (last .) -}}
{{- if gt (len $name) 52 -}}
{{- printf "%s-%s" (trunc 43 $name | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of this release. */}}
{{- define "seep.releaseLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What selects the pods of a component, from [root, component]; of an engine's generator, from [root, component, engine]. */}}
{{- define "seep.selectorLabels" -}}
{{ include "seep.releaseLabels" (first .) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- if gt (len .) 2 }}
seep/engine: {{ index . 2 }}
{{- end }}
{{- end -}}

{{/* The labels of an object, from the same as its selector labels. */}}
{{- define "seep.labels" -}}
{{ include "seep.selectorLabels" . }}
app.kubernetes.io/part-of: seep
app.kubernetes.io/version: {{ (first .).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (first .).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (first .).Chart.Name (first .).Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* An image, from [root, {repository, tag}]. */}}
{{- define "seep.image" -}}
{{- $all := (first .).Values.image -}}
{{- $tag := (last .).tag | default $all.tag | default (first .).Chart.AppVersion -}}
{{- printf "%s%s:%s" (ternary "" (printf "%s/" (trimSuffix "/" $all.registry)) (empty $all.registry)) (last .).repository $tag -}}
{{- end -}}

{{/* "true" for an engine whose generator loads a model itself; empty for any other. */}}
{{- define "seep.loadsModel" -}}
{{- if has .backend (list "vllm" "activations") -}}true{{- end -}}
{{- end -}}

{{/* The values of an engine's generator, from [root, engine]: the generator's, with what differs for the engine over them. */}}
{{- define "seep.engineValues" -}}
{{- $generator := (first .).Values.generator -}}
{{- $own := dig (last .) dict $generator.engines -}}
{{- $values := include "seep.overlaid" (list (omit $generator "engines") $own) | fromJson -}}
{{- $engine := index (first .).Values.config.engines (last .) -}}
{{- if eq $engine.backend "activations" -}}
{{- $_ := set $values "image" (include "seep.overlaid" (list $generator.activationsImage (dig "image" dict $own)) | fromJson) -}}
{{- end -}}
{{- if not (include "seep.loadsModel" $engine) -}}
{{- $_ := set $values.gpu "enabled" false -}}
{{- $_ := set $values "resources" (include "seep.overlaid" (list $values.clientResources (default dict $own.resources)) | fromJson) -}}
{{- end -}}
{{- toJson $values -}}
{{- end -}}

{{/* A dict with another over it, from [dict, dict], as JSON: sprig's mergeOverwrite would leave out false and 0. */}}
{{- define "seep.overlaid" -}}
{{- $result := deepCopy (first .) -}}
{{- range $key, $value := last . -}}
{{- if and (kindIs "map" $value) (kindIs "map" (index $result $key)) -}}
{{- $value = include "seep.overlaid" (list (index $result $key) $value) | fromJson -}}
{{- end -}}
{{- $_ := set $result $key $value -}}
{{- end -}}
{{- toJson $result -}}
{{- end -}}

{{/* The targets of an engine, from [root, engine], as a JSON list of their sorted names. */}}
{{- define "seep.targetsOf" -}}
{{- $engine := last . -}}
{{- $found := list -}}
{{- range $name, $target := (first .).Values.config.targets -}}
{{- if eq $target.engine $engine -}}{{- $found = append $found $name -}}{{- end -}}
{{- end -}}
{{- toJson (sortAlpha $found) -}}
{{- end -}}

{{- define "seep.bootstrapServers" -}}
{{- if .Values.kafka.enabled -}}
{{- printf "%s.%s.svc:9092" (include "seep.partName" (list . "kafka")) .Release.Namespace -}}
{{- else -}}
{{- .Values.externalKafka.bootstrapServers -}}
{{- end -}}
{{- end -}}

{{/* The secret of the aggregator's DSN. */}}
{{- define "seep.databaseSecret" -}}
{{- ternary (include "seep.partName" (list . "postgresql")) .Values.externalDatabase.existingSecret .Values.postgresql.enabled -}}
{{- end -}}
