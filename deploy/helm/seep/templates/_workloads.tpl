{{/*
How pods are replaced, from the dict of their spec: a GPU, or a volume of one node, cannot be held by two. Of consumers
there is never one more than configured: it might be one more than there are partitions, and would never be ready.
A consumer that is alone is recreated: with maxUnavailable 1 `helm --wait` would wait for none of it, be its image there or not.
*/}}
{{- define "seep.strategy" -}}
{{- $alone := and .kafka (eq (int (default 1 .values.replicaCount)) 1) (not (dig "autoscaling" "enabled" false .values)) -}}
{{- if or .gpus $alone (and .claim (ne .cache.persistence.accessMode "ReadWriteMany")) -}}
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
