{{/* seep.yaml, as JSON: the sections of config, and what follows from the chart's other values. */}}
{{- define "seep.configuration" -}}
{{- $config := deepCopy .Values.config -}}
{{- range $name, $own := .Values.generator.engines -}}
{{- with get $config.engines $name -}}
{{- if dig "apiKey" "existingSecret" "" $own -}}
{{- $_ := set . "api_key_file" (printf "/etc/seep/secrets/engines/%s/key" $name) -}}
{{- end -}}
{{- if dig "proxyCredentials" "existingSecret" "" $own -}}
{{- $_ := set . "proxy_credentials_file" (printf "/etc/seep/secrets/proxies/%s/credentials" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with dig "events" "webhook" dict $config -}}{{- $_ := set . "secret_file" "/etc/seep/secrets/webhook/secret" -}}{{- end -}}
{{- $_ := set $config "kafka" (include "seep.kafkaConfiguration" . | fromJson) -}}
{{- $_ := set $config "database" (dict "dsn_file" "/etc/seep/secrets/database/dsn") -}}
{{- $api := dict "host" "0.0.0.0" "port" 8000 -}}
{{- if .Values.api.existingSecret -}}{{- $_ := set $api "token_file" "/etc/seep/secrets/api/token" -}}{{- end -}}
{{- $path := trimSuffix "/" .Values.ingress.path -}}
{{- if and .Values.ingress.enabled $path -}}{{- $_ := set $api "root_path" $path -}}{{- end -}}
{{- with .Values.metrics.prometheusRule.runbookUrl }}{{- if regexMatch "^https?://" . -}}{{- $_ := set $api "runbook_url" . -}}{{- end -}}{{- end -}}
{{- $_ := set $config "api" $api -}}
{{- $_ := set $config "worker" (merge (dict "metrics_host" "0.0.0.0") ($config.worker | default dict)) -}}
{{- $_ := set $config "predictor" (merge (dict "host" "0.0.0.0") ($config.predictor | default dict)) -}}
{{- $empty := list -}}
{{- range $section, $content := $config -}}{{- if not $content -}}{{- $empty = append $empty $section -}}{{- end -}}{{- end -}}
{{- range $empty -}}{{- $_ := unset $config . -}}{{- end -}}
{{- toJson $config -}}
{{- end -}}

{{- define "seep.kafkaConfiguration" -}}
{{- $topics := dict "replication_factor" (ternary 1 .Values.topics.replicationFactor .Values.kafka.enabled) "retention_hours" .Values.topics.retentionHours -}}
{{- if .Values.topics.partitions -}}{{- $_ := set $topics "partitions" .Values.topics.partitions -}}{{- end -}}
{{- $kafka := dict "bootstrap_servers" (include "seep.bootstrapServers" .) "topics" $topics -}}
{{- if not .Values.kafka.enabled -}}
{{- $external := .Values.externalKafka -}}
{{- $_ := set $kafka "security_protocol" $external.securityProtocol -}}
{{- if $external.sasl.mechanism -}}
{{- $_ := set $kafka "sasl_mechanism" $external.sasl.mechanism -}}
{{- $token := eq $external.sasl.mechanism "OAUTHBEARER" -}}
{{- $_ := set $kafka (ternary "sasl_oauth_token_file" "sasl_plain_password_file" $token) (printf "/etc/seep/secrets/kafka-login/%s" (ternary "token" "password" $token)) -}}
{{- end -}}
{{- if $external.tls.caSecret -}}{{- $_ := set $kafka "ssl_cafile" "/etc/seep/secrets/kafka-ca/ca.crt" -}}{{- end -}}
{{- if $external.tls.clientSecret -}}
{{- $_ := set $kafka "ssl_certfile" "/etc/seep/secrets/kafka-client/tls.crt" -}}
{{- $_ := set $kafka "ssl_keyfile" "/etc/seep/secrets/kafka-client/tls.key" -}}
{{- end -}}
{{- end -}}
{{- toJson $kafka -}}
{{- end -}}

{{/* A checksum of what a pod reads of seep.yaml, from [root, sections]: a generator is not restarted for a monitor. */}}
{{- define "seep.configurationChecksum" -}}
{{- $config := include "seep.configuration" (first .) | fromJson -}}
{{- $read := dict -}}
{{- range last . -}}{{- $_ := set $read . (dig . dict $config) -}}{{- end -}}
{{- toJson $read | sha256sum -}}
{{- end -}}

{{/* The same for the generator of an engine, from [root, engine]. */}}
{{- define "seep.engineChecksum" -}}
{{- $engine := last . -}}
{{- $config := include "seep.configuration" (first .) | fromJson -}}
{{- $targets := dict -}}
{{- range include "seep.targetsOf" . | fromJsonArray -}}{{- $_ := set $targets . (index $config.targets .) -}}{{- end -}}
{{- list (index $config.engines $engine) $targets $config.kafka (dig "worker" dict $config) | toJson | sha256sum -}}
{{- end -}}
