{{/* One variable: takes (list name value). Numbers of values are floats, of which large ones would be written as 1e+09. */}}
{{- define "sallyport.variable" -}}
{{- $value := index . 1 -}}
{{- if kindIs "float64" $value }}{{ $value = int64 $value }}{{ end -}}
- name: {{ index . 0 }}
  value: {{ $value | toString | quote }}
{{ end }}

{{/* The environment of a service, whose src/config.ts reads it: takes (list $ service). */}}
{{- define "sallyport.environment" -}}
{{- $top := index . 0 -}}
{{- $name := index . 1 -}}
{{- $fact := index (include "sallyport.services" . | fromYaml) $name -}}
{{- $settings := (index $top.Values.services $name).settings -}}
{{- $own := printf "SALLYPORT_%s" (include "sallyport.screaming" $name) -}}
{{- $listen := "0.0.0.0" -}}
{{- include "sallyport.variable" (list "NODE_ENV" "production") }}
{{- include "sallyport.variable" (list "SALLYPORT_LOG_LEVEL" $top.Values.logLevel) }}
{{- include "sallyport.variable" (list (print $own "_HOST") $listen) }}
{{- include "sallyport.variable" (list (print $own "_PORT") $fact.port) }}
{{- include "sallyport.variable" (list "SALLYPORT_HEALTH_HOST" $listen) }}
{{- include "sallyport.variable" (list "SALLYPORT_HEALTH_PORT" (include "sallyport.healthPort" $top)) }}
{{- include "sallyport.variable" (list "SALLYPORT_TLS_CERTIFICATE_FILE" "/etc/sallyport/tls/tls.crt") }}
{{- include "sallyport.variable" (list "SALLYPORT_TLS_KEY_FILE" "/etc/sallyport/tls/tls.key") }}
{{- include "sallyport.variable" (list "SALLYPORT_TLS_AUTHORITY_FILE" "/etc/sallyport/tls/ca.crt") }}
{{- range $fact.calls }}
{{- include "sallyport.variable" (list (printf "SALLYPORT_%s_ADDRESS" (include "sallyport.screaming" .)) (include "sallyport.address" (list $top .))) }}
{{- end }}
{{- with $fact.schema }}
{{- include "sallyport.variable" (list (print $own "_DATABASE_URL_FILE") "/etc/sallyport/database/url") }}
{{- include "sallyport.variable" (list (print $own "_WORKER_DATABASE_URL_FILE") "/etc/sallyport/database/worker-url") }}
{{- include "sallyport.eventLogEnvironment" (list $top $name) }}
{{- end }}
{{- with $top.Values.tracing.endpoint }}
{{- include "sallyport.variable" (list "SALLYPORT_OTLP_ENDPOINT" .) }}
{{- include "sallyport.variable" (list "SALLYPORT_TRACE_RATIO" (toString $top.Values.tracing.ratio)) }}
{{- end }}
{{- if $fact.reaches }}
{{- include "sallyport.variable" (list "SALLYPORT_TARGETS_ON_LOOPBACK" "false") }}
{{- include "sallyport.variable" (list "SALLYPORT_FORBIDDEN_TARGETS" (join "," $top.Values.targets.forbidden)) }}
{{- end }}
{{- if eq $name "gateway" }}
{{- include "sallyport.gatewayEnvironment" (list $top $settings) }}
{{- else if eq $name "access-control" }}
{{- include "sallyport.variable" (list "SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE" "/etc/sallyport/keys/key-ring.json") }}
{{- include "sallyport.variable" (list "SALLYPORT_LOGIN_TRIES_PER_SOURCE" $settings.loginTriesPerSource) }}
{{- else if eq $name "vault" }}
{{- include "sallyport.variable" (list "SALLYPORT_VAULT_ROOT_KEY_FILE" "/etc/sallyport/keys/key-ring.json") }}
{{- include "sallyport.variable" (list "SALLYPORT_VAULT_TICKET_SECONDS" $settings.ticketSeconds) }}
{{- include "sallyport.variable" (list "SALLYPORT_VAULT_SHOW_SECONDS" $settings.showSeconds) }}
{{- else if eq $name "execution" }}
{{- include "sallyport.variable" (list "SALLYPORT_EXECUTION_SLOTS" $settings.slots) }}
{{- else if eq $name "session-proxy" }}
{{- include "sallyport.sessionProxyEnvironment" (list $top $settings $listen) }}
{{- else if eq $name "audit" }}
{{- include "sallyport.variable" (list "SALLYPORT_AUDIT_CHAIN_KEY_FILE" "/etc/sallyport/keys/chain-key") }}
{{- include "sallyport.variable" (list "SALLYPORT_AUDIT_CHECKPOINT_DIRECTORY" "/var/lib/sallyport/checkpoints") }}
{{- end }}
{{- end }}

{{/* Takes (list $ settings). */}}
{{- define "sallyport.gatewayEnvironment" -}}
{{- $top := index . 0 -}}
{{- $settings := index . 1 -}}
{{- include "sallyport.variable" (list "SALLYPORT_GATEWAY_ORIGINS" (join "," $settings.origins)) }}
{{- include "sallyport.variable" (list "SALLYPORT_GATEWAY_TRUSTED_PROXIES" (join "," $settings.trustedProxies)) }}
{{- if $top.Values.services.gateway.tls.existingSecret }}
{{- include "sallyport.variable" (list "SALLYPORT_GATEWAY_TLS_CERTIFICATE_FILE" "/etc/sallyport/site/tls.crt") }}
{{- include "sallyport.variable" (list "SALLYPORT_GATEWAY_TLS_KEY_FILE" "/etc/sallyport/site/tls.key") }}
{{- end }}
{{- include "sallyport.variable" (list "SALLYPORT_GATEWAY_DRAIN_SECONDS" $settings.drainSeconds) }}
{{- range $limit, $variable := dict "read" "READ" "write" "WRITE" "login" "LOGIN" "secret" "SECRET" "badTokens" "BAD_TOKENS" }}
{{- include "sallyport.variable" (list (print "SALLYPORT_GATEWAY_LIMIT_" $variable) (index $settings.limitsPerMinute $limit)) }}
{{- end }}
{{- end }}

{{/* Takes (list $ settings address). */}}
{{- define "sallyport.sessionProxyEnvironment" -}}
{{- $top := index . 0 -}}
{{- $settings := index . 1 -}}
- name: SALLYPORT_INSTANCE
  valueFrom:
    fieldRef: {fieldPath: metadata.name}
- name: SALLYPORT_INSTANCE_HOST
  valueFrom:
    fieldRef: {fieldPath: status.podIP}
{{ include "sallyport.variable" (list "SALLYPORT_SSH_HOST" (index . 2)) }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_PORT" (include "sallyport.sshPort" $top)) }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_HOST_KEY_FILE" "/etc/sallyport/ssh/ssh_host_ed25519_key") }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_REQUIRE_NATIVE_ADDON" "true") }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_DRAIN_SECONDS" $settings.drainSeconds) }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_MAX_CONNECTIONS" $settings.maxConnections) }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_MAX_CONNECTIONS_PER_SOURCE" $settings.maxConnectionsPerSource) }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_MAX_CHANNELS" $settings.maxChannels) }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_REKEY_BYTES" $settings.rekeyBytes) }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_REKEY_SECONDS" $settings.rekeySeconds) }}
{{- include "sallyport.variable" (list "SALLYPORT_RECORDING_DIRECTORY" "/var/lib/sallyport/recordings") }}
{{- include "sallyport.variable" (list "SALLYPORT_RECORDING_KEY_FILE" "/etc/sallyport/keys/key-ring.json") }}
{{- end }}

{{/* Where events travel, also for the program that makes topics: takes (list $ user). */}}
{{- define "sallyport.eventLogEnvironment" -}}
{{- $kafka := (index . 0).Values.kafka -}}
{{- $user := index $kafka.users (index . 1) | default dict -}}
{{- if $kafka.brokers }}
{{- include "sallyport.variable" (list "SALLYPORT_KAFKA_BROKERS" (join "," $kafka.brokers)) }}
{{- include "sallyport.variable" (list "SALLYPORT_KAFKA_TLS" $kafka.tls.enabled) }}
{{- if $kafka.tls.authoritySecret }}
{{- include "sallyport.variable" (list "SALLYPORT_KAFKA_TLS_AUTHORITY_FILE" "/etc/sallyport/kafka-authority/ca.crt") }}
{{- end }}
{{- if $user.certificateSecret }}
{{- include "sallyport.variable" (list "SALLYPORT_KAFKA_TLS_CERTIFICATE_FILE" "/etc/sallyport/kafka-user/user.crt") }}
{{- include "sallyport.variable" (list "SALLYPORT_KAFKA_TLS_KEY_FILE" "/etc/sallyport/kafka-user/user.key") }}
{{- else if $user.passwordSecret }}
{{- include "sallyport.variable" (list "SALLYPORT_KAFKA_USERNAME" $user.name) }}
{{- include "sallyport.variable" (list "SALLYPORT_KAFKA_PASSWORD_FILE" "/etc/sallyport/kafka-user/password") }}
{{- end }}
{{- else }}
{{- include "sallyport.variable" (list "SALLYPORT_EVENT_LOG_URL_FILE" "/etc/sallyport/event-log/url") }}
{{- end }}
{{- end }}
