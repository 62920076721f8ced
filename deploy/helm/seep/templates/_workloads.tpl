{{/*
How pods are replaced, from the dict of their spec: a GPU, or a volume of one node, cannot be held by two. Of consumers
there is never one more than configured: it might be one more than there are partitions, and would never be ready.
*/}}
{{- define "seep.strategy" -}}
{{- if or .gpus (and .claim (ne .cache.persistence.accessMode "ReadWriteMany")) -}}
strategy: {type: Recreate}
{{- else -}}
strategy:
  type: RollingUpdate
  rollingUpdate: {{ ternary "{maxSurge: 0, maxUnavailable: 1}" "{maxSurge: 1, maxUnavailable: 0}" (not (empty .kafka)) }}
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
