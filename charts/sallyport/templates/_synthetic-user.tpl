{{/* Takes $. */}}
{{- define "sallyport.syntheticUserEnvironment" -}}
{{- $value := .Values.syntheticUser -}}
{{- $settings := $value.settings -}}
{{- include "sallyport.variable" (list "NODE_ENV" "production") }}
{{- include "sallyport.variable" (list "SALLYPORT_LOG_LEVEL" .Values.logLevel) }}
{{- include "sallyport.variable" (list "SALLYPORT_HEALTH_HOST" "0.0.0.0") }}
{{- include "sallyport.variable" (list "SALLYPORT_HEALTH_PORT" (include "sallyport.healthPort" .)) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_API_URL" $settings.apiUrl) }}
{{- if $value.authoritySecret }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_TLS_AUTHORITY_FILE" "/etc/sallyport/authority/ca.crt") }}
{{- end }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_SSH_HOST" $settings.sshHost) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_SSH_PORT" $settings.sshPort) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_SSH_HOST_KEY" $settings.sshHostKey) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_TENANT" $settings.tenant) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_USER_NAME" $settings.userName) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_USER_PASSWORD_FILE" "/etc/sallyport/accounts/user-password") }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_USER_TOTP_FILE" "/etc/sallyport/accounts/user-totp") }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_APPROVER_NAME" $settings.approverName) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_APPROVER_PASSWORD_FILE" "/etc/sallyport/accounts/approver-password") }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_APPROVER_TOTP_FILE" "/etc/sallyport/accounts/approver-totp") }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_TARGET" $settings.target) }}
{{- if $settings.revealCredentialId }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_REVEAL_CREDENTIAL_ID" $settings.revealCredentialId) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_REVEAL_DEVICE_ID" $settings.revealDeviceId) }}
{{- end }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_EVERY_SECONDS" $settings.everySeconds) }}
{{- include "sallyport.variable" (list "SALLYPORT_SYNTHETIC_STEP_SECONDS" $settings.stepSeconds) }}
{{- end }}
