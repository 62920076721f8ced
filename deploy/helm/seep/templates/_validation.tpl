{{/*
What only the chart knows: values that contradict each other, the cluster, or Kubernetes. Each sentence says what to change. The rules of seep.yaml itself are
the settings' own: values.schema.json is made from them, and `seep config check` runs before anything is installed.
*/}}
{{- define "seep.validate" -}}
{{- include "seep.validateReferences" . -}}
{{- include "seep.validateDependencies" . -}}
{{- range $engine, $settings := .Values.config.engines -}}
{{- $values := include "seep.engineValues" (list $ $engine) | fromJson -}}
{{- include "seep.validateProcesses" (list $ (printf "generator.engines.%s" $engine) $values (include "seep.loadsModel" $settings)) -}}
{{- if and $values.models.existingClaim $values.models.prepareCommand -}}
{{- fail (printf "generator.engines.%s.models: prepareCommand fills /models, which existingClaim mounts read-only: give one of them" $engine) -}}
{{- end -}}
{{- end -}}
{{- include "seep.validateProcesses" (list . "scorer" .Values.scorer true) -}}
{{- include "seep.validateProcesses" (list . "aggregator" .Values.aggregator false) -}}
{{- end -}}

{{- define "seep.validateReferences" -}}
{{- $config := .Values.config -}}
{{- range $name, $own := .Values.generator.engines -}}
{{- if not (hasKey $config.engines $name) -}}
{{- fail (printf "generator.engines.%s: no engine named %q under config.engines" $name $name) -}}
{{- end -}}
{{- $engine := index $config.engines $name -}}
{{- if and (dig "apiKey" "existingSecret" "" $own) (ne $engine.backend "openai") -}}
{{- fail (printf "generator.engines.%s.apiKey: only an engine with the backend openai has one; this one's is %s" $name $engine.backend) -}}
{{- end -}}
{{- if and (dig "proxyCredentials" "existingSecret" "" $own) (not (and (eq $engine.backend "openai") $engine.proxy)) -}}
{{- fail (printf "generator.engines.%s.proxyCredentials: there is no proxy in config.engines.%s" $name $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $engine := $config.engines -}}{{- include "seep.validateSecretFiles" (list $ $name $engine) -}}{{- end -}}
{{- range $name, $monitor := $config.monitors -}}
{{- include "seep.validateSuite" (list $ (printf "config.monitors.%s.suite" $name) $monitor.suite) -}}
{{- if and $monitor.schedule (eq $.Values.monitors.scheduler "cronjob") -}}
{{- include "seep.validateCronJob" (list (printf "config.monitors.%s.schedule" $name) $monitor.schedule "; monitors.scheduler=deployment takes them") -}}
{{- end -}}
{{- end -}}
{{- range $name, $engine := $config.engines -}}
{{- if eq $engine.backend "recorded" -}}
{{- include "seep.validateFile" (list $ (printf "config.engines.%s.file" $name) $engine.file "recordings") -}}
{{- end -}}
{{- end -}}
{{- if .Values.retention.enabled -}}{{- include "seep.validateCronJob" (list "retention.schedule" .Values.retention.schedule "") -}}{{- end -}}
{{- range $kind := list "suites" "recordings" -}}
{{- $given := index $.Values $kind -}}
{{- if and $given.files $given.existingConfigMap -}}
{{- fail (printf "%s.files: existingConfigMap takes their place: give one of them" $kind) -}}
{{- end -}}
{{- end -}}
{{- if .Values.tests.suite -}}
{{- include "seep.validateSuite" (list . "tests.suite" .Values.tests.suite) -}}
{{- if not (hasKey $config.targets .Values.tests.target) -}}
{{- fail (printf "tests.target: no target named %q under config.targets" .Values.tests.target) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* From [root, field, path]: a suite of the image's own, or one that is mounted. */}}
{{- define "seep.validateSuite" -}}
{{- $path := last . -}}
{{- $own := splitList "\n" ((first .).Files.Get "files/own-suites.txt" | trim) -}}
{{- if hasPrefix "/opt/seep/suites/" $path -}}
{{- if not (has (trimPrefix "/opt/seep/suites/" $path) $own) -}}
{{- fail (printf "%s: the images have no suite %s; theirs are %s" (index . 1) $path (join ", " $own)) -}}
{{- end -}}
{{- else -}}
{{- include "seep.validateFile" (append . "suites") -}}
{{- end -}}
{{- end -}}

{{/* From [root, field, path, kind]: a file among the kind's values, or in the kind's existing ConfigMap. */}}
{{- define "seep.validateFile" -}}
{{- $path := index . 2 -}}
{{- $kind := last . -}}
{{- $given := index (first .).Values $kind -}}
{{- $folder := printf "/etc/seep/%s/" $kind -}}
{{- if or (not (hasPrefix $folder $path)) (not (or $given.existingConfigMap (hasKey $given.files (trimPrefix $folder $path)))) -}}
{{- fail (printf "%s: %s will not be there: expected a file of %s.files or %s.existingConfigMap, as %sNAME%s" (index . 1) $path $kind $kind $folder (ternary ", or one of the images' own, as /opt/seep/suites/colours.yaml" "" (eq $kind "suites"))) -}}
{{- end -}}
{{- end -}}

{{/* From [root, engine's name, engine]: the files that an endpoint's settings name are in the secret that is mounted for it. */}}
{{- define "seep.validateSecretFiles" -}}
{{- $name := index . 1 -}}
{{- $engine := last . -}}
{{- $own := dig $name dict (first .).Values.generator.engines -}}
{{- $secret := dig "secretFiles" "existingSecret" "" $own -}}
{{- if and $secret (ne $engine.backend "openai") -}}
{{- fail (printf "generator.engines.%s.secretFiles: only an engine with the backend openai has such files; this one's is %s" $name $engine.backend) -}}
{{- end -}}
{{- $files := dict -}}
{{- with $engine.ca_file -}}{{- $_ := set $files "ca_file" . -}}{{- end -}}
{{- range $header, $where := $engine.secret_headers -}}
{{- with $where.file -}}{{- $_ := set $files (printf "secret_headers.%s.file" $header) . -}}{{- end -}}
{{- end -}}
{{- $folder := printf "/etc/seep/secrets/files/%s/" $name -}}
{{- range $field, $file := $files -}}
{{- if not (and $secret (hasPrefix $folder $file)) -}}
{{- fail (printf "config.engines.%s.%s: %s will not be there: expected %sKEY, a key of the secret generator.engines.%s.secretFiles.existingSecret" $name $field $file $folder $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "seep.validateDependencies" -}}
{{- $kafka := .Values.externalKafka -}}
{{- if and .Values.kafka.enabled $kafka.bootstrapServers -}}
{{- fail "kafka.enabled: externalKafka.bootstrapServers names another broker: give one of them" -}}
{{- end -}}
{{- if and .Values.kafka.enabled (or (ne $kafka.securityProtocol "PLAINTEXT") $kafka.sasl.mechanism $kafka.sasl.existingSecret $kafka.tls.caSecret $kafka.tls.clientSecret) -}}
{{- fail "kafka.enabled: the bundled broker has neither TLS nor passwords: leave externalKafka.securityProtocol, sasl and tls as they are" -}}
{{- end -}}
{{- if not .Values.kafka.enabled -}}
{{- if not $kafka.bootstrapServers -}}
{{- fail "externalKafka.bootstrapServers: expected the brokers, as kafka.example.com:9092; or kafka.enabled=true for a broker to try out" -}}
{{- end -}}
{{- $sasl := hasPrefix "SASL_" $kafka.securityProtocol -}}
{{- if and $sasl (not $kafka.sasl.mechanism) -}}
{{- fail (printf "externalKafka.sasl.mechanism: %s needs one: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER" $kafka.securityProtocol) -}}
{{- end -}}
{{- if and $sasl (not (or $kafka.sasl.existingSecret .Values.strimzi.createUsers)) -}}
{{- fail (printf "externalKafka.sasl.existingSecret: %s needs a secret with user and password, or a token, or strimzi.createUsers" $kafka.securityProtocol) -}}
{{- end -}}
{{- if and (not $sasl) (or $kafka.sasl.mechanism $kafka.sasl.existingSecret) -}}
{{- fail (printf "externalKafka.sasl: %s logs nobody in: set securityProtocol to SASL_SSL or SASL_PLAINTEXT" $kafka.securityProtocol) -}}
{{- end -}}
{{- if and (not (hasSuffix "SSL" $kafka.securityProtocol)) (or $kafka.tls.caSecret $kafka.tls.clientSecret) -}}
{{- fail (printf "externalKafka.tls: %s encrypts nothing: set securityProtocol to SSL or SASL_SSL" $kafka.securityProtocol) -}}
{{- end -}}
{{- end -}}
{{- include "seep.validateStrimzi" . -}}
{{- if and .Values.postgresql.enabled .Values.externalDatabase.existingSecret -}}
{{- fail "postgresql.enabled: externalDatabase.existingSecret names another database: give one of them" -}}
{{- end -}}
{{- if and .Values.postgresql.enabled .Values.externalDatabase.apiExistingSecret -}}
{{- fail "postgresql.enabled: externalDatabase.apiExistingSecret names a user of another database: leave it empty" -}}
{{- end -}}
{{- if not (or .Values.postgresql.enabled .Values.externalDatabase.existingSecret) -}}
{{- fail "externalDatabase.existingSecret: expected the name of a secret with the DSN of a PostgreSQL; or postgresql.enabled=true for one to try out" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.api.enabled) -}}
{{- fail "ingress.enabled: there is nothing to expose without api.enabled" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hostname) -}}
{{- fail "ingress.hostname: expected the host name of the API" -}}
{{- end -}}
{{- $exposed := or .Values.ingress.enabled (ne .Values.api.service.type "ClusterIP") -}}
{{- if and .Values.api.enabled $exposed (not .Values.api.existingSecret) (not .Values.api.allowAnonymous) -}}
{{- $by := ternary "ingress.enabled" (printf "api.service.type=%s" .Values.api.service.type) .Values.ingress.enabled -}}
{{- fail (printf "api.existingSecret: %s exposes all prompts and answers: expected a secret with a token, or api.allowAnonymous=true" $by) -}}
{{- end -}}
{{- $webhook := dig "events" "webhook" dict .Values.config -}}
{{- if and $webhook (not .Values.aggregator.webhook.existingSecret) -}}
{{- fail "aggregator.webhook.existingSecret: config.events.webhook needs a secret that signs events" -}}
{{- end -}}
{{- if and .Values.aggregator.webhook.existingSecret (not $webhook) -}}
{{- fail "aggregator.webhook.existingSecret: nothing is signed without config.events.webhook" -}}
{{- end -}}
{{- if and .Values.modelHub.tokenSecret (not .Values.modelHub.enabled) -}}
{{- fail "modelHub.tokenSecret: nothing is fetched without modelHub.enabled" -}}
{{- end -}}
{{- end -}}

{{- define "seep.validateStrimzi" -}}
{{- $topics := eq .Values.topics.provisioner "strimzi" -}}
{{- if or $topics .Values.strimzi.createUsers -}}
{{- if .Values.kafka.enabled -}}
{{- fail "strimzi: the bundled broker is none of Strimzi's: set topics.provisioner to job, and leave strimzi.createUsers false" -}}
{{- end -}}
{{- if not .Values.strimzi.cluster -}}
{{- fail "strimzi.cluster: expected the name of the Kafka resource that topics and users belong to" -}}
{{- end -}}
{{- include "seep.validateCapability" (list . "strimzi" "kafka.strimzi.io/" "Strimzi") -}}
{{- end -}}
{{- if and $topics (not .Values.topics.partitions) -}}
{{- fail "topics.partitions: KafkaTopic resources need a number" -}}
{{- end -}}
{{- if and .Values.strimzi.createUsers (ne .Values.externalKafka.sasl.mechanism "SCRAM-SHA-512") -}}
{{- fail "strimzi.createUsers: its users log in with SCRAM-SHA-512: set externalKafka.sasl.mechanism" -}}
{{- end -}}
{{- if and .Values.strimzi.createUsers .Values.externalKafka.sasl.existingSecret -}}
{{- fail "strimzi.createUsers: each service has a secret of its own then; leave externalKafka.sasl.existingSecret empty" -}}
{{- end -}}
{{- end -}}

{{/* From [root, field, group, product]. */}}
{{- define "seep.validateCapability" -}}
{{- $group := index . 2 -}}
{{- $known := false -}}
{{- range (first .).Capabilities.APIVersions -}}{{- if hasPrefix $group . -}}{{- $known = true -}}{{- end -}}{{- end -}}
{{- if not $known -}}
{{- fail (printf "%s: this cluster knows no %s*: install %s first (for `helm template`, name it with --api-versions)" (index . 1) $group (last .)) -}}
{{- end -}}
{{- end -}}

{{/* How many processes there may be, from [root, field, values, cached]; the aggregator is not scaled. */}}
{{- define "seep.validateProcesses" -}}
{{- $root := first . -}}
{{- $field := index . 1 -}}
{{- $values := index . 2 -}}
{{- $partitions := $root.Values.topics.partitions | int -}}
{{- $scaling := default (dict "enabled" false) $values.autoscaling -}}
{{- $most := ternary $scaling.maxReplicas $values.replicaCount $scaling.enabled | int -}}
{{- $setting := ternary "autoscaling.maxReplicas" "replicaCount" $scaling.enabled -}}
{{- if $scaling.enabled -}}
{{- if and (eq $scaling.type "keda") (not $partitions) -}}
{{- fail (printf "%s.autoscaling: KEDA scales up to the number of partitions: set topics.partitions" $field) -}}
{{- end -}}
{{- if eq $scaling.type "keda" -}}{{- include "seep.validateCapability" (list $root (printf "%s.autoscaling.type" $field) "keda.sh/" "KEDA, or scale with hpa,") -}}{{- end -}}
{{- if and (eq $scaling.type "keda") (not $root.Values.kafka.enabled) (eq $root.Values.externalKafka.sasl.mechanism "OAUTHBEARER") -}}
{{- fail (printf "%s.autoscaling.type: KEDA cannot log in with a token from a secret (externalKafka.sasl.mechanism OAUTHBEARER): scale with hpa" $field) -}}
{{- end -}}
{{- if and (eq $scaling.type "hpa") (lt (int $scaling.minReplicas) 1) -}}
{{- fail (printf "%s.autoscaling.minReplicas: an HPA does not scale down to zero: set 1 or more, or type keda" $field) -}}
{{- end -}}
{{- if and (eq $scaling.type "hpa") (not (dig "requests" "cpu" "" $values.resources)) -}}
{{- fail (printf "%s.resources.requests.cpu: an HPA scales on a share of it" $field) -}}
{{- end -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}
{{- fail (printf "%s.autoscaling: minReplicas %d is above maxReplicas %d" $field (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- if and $partitions (gt $most $partitions) -}}
{{- fail (printf "%s.%s: %d processes for the %d partitions of a topic: the others would have nothing to do; raise topics.partitions" $field $setting $most $partitions) -}}
{{- end -}}
{{- if last . -}}
{{- $claim := $values.cache.persistence -}}
{{- if and (gt $most 1) (or $claim.enabled $claim.existingClaim) (ne $claim.accessMode "ReadWriteMany") -}}
{{- fail (printf "%s.cache.persistence.accessMode: %d processes on several nodes need ReadWriteMany, found %s" $field $most $claim.accessMode) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A schedule of a CronJob, from [field, expression, what to do instead]: Kubernetes takes less than `seep schedule`. */}}
{{- define "seep.validateCronJob" -}}
{{- $fields := regexSplit "\\s+" (trim (index . 1)) -1 -}}
{{- $months := "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec" -}}
{{- $values := list "[0-5]?[0-9]" "[01]?[0-9]|2[0-3]" "0?[1-9]|[12][0-9]|3[01]" (print "0?[1-9]|1[0-2]|" $months) "0?[0-6]|sun|mon|tue|wed|thu|fri|sat" -}}
{{- $taken := eq (len $fields) 5 -}}
{{- range $number, $value := $values -}}
{{- $term := printf "(\\*|(%s)(-(%s))?)(/[1-9][0-9]*)?" $value $value -}}
{{- $taken = and $taken (regexMatch (printf "^(?i:%s(,%s)*)$" $term $term) (index $fields $number)) -}}
{{- end -}}
{{- if not $taken -}}
{{- fail (printf "%s: a CronJob takes five fields of numbers and names, without L, # and 7 for Sunday, found %q%s" (first .) (index . 1) (last .)) -}}
{{- end -}}
{{- end -}}
