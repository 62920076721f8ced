{{/* How pods are replaced: a GPU that the old pod holds is not there for a new one. */}}
{{- define "seep.strategy" -}}
{{- if . -}}
strategy: {type: Recreate}
{{- else -}}
strategy:
  type: RollingUpdate
  rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
{{- end -}}
{{- end -}}

{{/* The claim of a cache, from [root, cache, part]; empty where it is kept in none. */}}
{{- define "seep.cacheClaim" -}}
{{- $persistence := (index . 1).persistence -}}
{{- if $persistence.existingClaim -}}
{{- $persistence.existingClaim -}}
{{- else if $persistence.enabled -}}
{{- include "seep.partName" (list (first .) (printf "%s-cache" (last .))) -}}
{{- end -}}
{{- end -}}
