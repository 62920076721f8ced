{{/* What the services' settings would refuse of config, and its schema cannot: said before anything is installed. */}}

{{/* From [field, target, its engine]. What is null is not given. */}}
{{- define "seep.validateTarget" -}}
{{- $field := first . -}}
{{- $target := dict -}}
{{- range $key, $value := index . 1 -}}{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $target $key $value -}}{{- end -}}{{- end -}}
{{- $engine := last . -}}
{{- if eq $engine.backend "recorded" -}}
{{- range list "adapter" "system" "format" "temperature" "top_p" "max_tokens" "filter" -}}
{{- if hasKey $target . -}}{{- fail (printf "%s.%s: recorded answers cannot be asked for in another way" $field .) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $engine.backend "vllm") $target.adapter (not (hasKey (default dict $engine.lora_modules) (default "" $target.adapter))) -}}
{{- fail (printf "%s.adapter: %q is not among lora_modules of config.engines.%s" $field $target.adapter $target.engine) -}}
{{- end -}}
{{- if ne $engine.backend "openai" -}}
{{- range list "requests_per_minute" "tokens_per_day" -}}
{{- if hasKey $target . -}}{{- fail (printf "%s.%s: only an engine with the backend openai has such a limit; %s is %s" $field . $target.engine $engine.backend) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if hasKey $target "filter" -}}
{{- if and (kindIs "invalid" $target.filter.refuse) (not $target.filter.refuse_concept) -}}
{{- fail (printf "%s.filter: refuses nothing: expected refuse or refuse_concept" $field) -}}
{{- end -}}
{{- if and (hasKey $target "temperature") (not $target.temperature) -}}
{{- fail (printf "%s.filter: at temperature 0 an answer that is drawn again is the same answer" $field) -}}
{{- end -}}
{{- end -}}
{{- if contains "{prompt}" (default "" $target.system) -}}
{{- fail (printf "%s.system: expected a system message without {prompt}" $field) -}}
{{- end -}}
{{- with $target.format -}}
{{- $user := dig "user" "{prompt}" . -}}
{{- if ne (len (splitList "{prompt}" $user)) 2 -}}
{{- fail (printf "%s.format.user: expected {prompt} exactly once" $field) -}}
{{- end -}}
{{- if and $target.system (eq .kind "plain") (not (contains "{system}" $user)) -}}
{{- fail (printf "%s.system: the plain format has no {system} to put it in" $field) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* From [name, engine]. Somebody may have put a password into a proxy's address: it is not shown. */}}
{{- define "seep.validateEngine" -}}
{{- $engine := last . -}}
{{- if and (eq $engine.backend "openai") $engine.proxy (not (regexMatch "^(?i:https?)://[^/?#\\s]+/?\\s*$" (default "" $engine.proxy))) -}}
{{- fail (printf "config.engines.%s.proxy: expected http://host:port or https://host:port" (first .)) -}}
{{- end -}}
{{- if and (eq $engine.backend "openai") (contains "@" (default "" $engine.proxy)) -}}
{{- fail (printf "config.engines.%s.proxy: expected a URL without user and password; they go into generator.engines.%s.proxyCredentials" (first .) (first .)) -}}
{{- end -}}
{{- if and (eq $engine.backend "openai") (not (regexMatch "^(?i:https?)://[^/?#@\\s]+(/[^?#\\s]*)?$" $engine.base_url)) -}}
{{- fail (printf "config.engines.%s.base_url: expected a URL, as https://gateway.example.com/v1, without user, password, query and fragment; a key goes into generator.engines.%s.apiKey" (first .) (first .)) -}}
{{- end -}}
{{- end -}}

{{/* A cron expression, from [field, expression, whether a CronJob runs by it]: Kubernetes takes less than `seep schedule`. */}}
{{- define "seep.validateSchedule" -}}
{{- $fields := regexSplit "\\s+" (trim (index . 1)) -1 -}}
{{- if not (has (len $fields) (list 5 6)) -}}
{{- fail (printf "%s: expected a cron expression, as 0 6 * * *, found %q" (first .) (index . 1)) -}}
{{- end -}}
{{- if last . -}}
{{- $months := "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec" -}}
{{- $values := list "[0-5]?[0-9]" "[01]?[0-9]|2[0-3]" "0?[1-9]|[12][0-9]|3[01]" (print "0?[1-9]|1[0-2]|" $months) "0?[0-6]|sun|mon|tue|wed|thu|fri|sat" -}}
{{- $taken := eq (len $fields) 5 -}}
{{- range $number, $value := $values -}}
{{- $term := printf "(\\*|(%s)(-(%s))?)(/[1-9][0-9]*)?" $value $value -}}
{{- $taken = and $taken (regexMatch (printf "^(?i:%s(,%s)*)$" $term $term) (index $fields $number)) -}}
{{- end -}}
{{- if not $taken -}}
{{- fail (printf "%s: a CronJob takes five fields of numbers and names, without L, # and 7 for Sunday, found %q%s" (first .) (index . 1) (ternary "" "; monitors.scheduler=deployment takes them" (hasPrefix "retention" (first .)))) -}}
{{- end -}}
{{- else -}}
{{- range $fields -}}
{{- if not (regexMatch "^[0-9A-Za-z*,/#-]+$" .) -}}{{- fail (printf "%s: expected a cron expression, as 0 6 * * *, found %q" (first $) (index $ 1)) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
