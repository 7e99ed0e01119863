{{/* What both jobs have in common: takes $. */}}
{{- define "sallyport.backupSchedule" -}}
concurrencyPolicy: Forbid
startingDeadlineSeconds: 600
successfulJobsHistoryLimit: 1
failedJobsHistoryLimit: 3
{{- end }}

{{- define "sallyport.backupJob" -}}
backoffLimit: 1
activeDeadlineSeconds: {{ .Values.backup.deadlineSeconds }}
podFailurePolicy:
  rules:
    # A wrong configuration does not become right by trying again.
    - action: FailJob
      onExitCodes: {operator: In, values: [2, 78]}
{{- end }}

{{- define "sallyport.backupDestination" -}}
{{- $value := .Values.backup -}}
{{- include "sallyport.variable" (list "NODE_ENV" "production") }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_DESTINATION" $value.destination) }}
{{- if hasPrefix "s3://" $value.destination }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_S3_REGION" $value.s3.region) }}
{{- with $value.s3.endpoint }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_S3_ENDPOINT" .) }}
{{- end }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_S3_ACCESS_KEY_ID" $value.s3.accessKeyId) }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_S3_SECRET_KEY_FILE" "/etc/sallyport/s3/secret-key") }}
{{- end }}
{{- end }}

{{- define "sallyport.backupEnvironment" -}}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_DATABASE_URL_FILE" "/etc/sallyport/database/url") }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_RECOVERY_RECIPIENT_FILE" "/etc/sallyport/backup/recovery-recipient") }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_PROVE_RECIPIENT_FILE" "/etc/sallyport/backup/prove-recipient") }}
{{- include "sallyport.variable" (list "SALLYPORT_BACKUP_SIGNING_KEY_FILE" "/etc/sallyport/backup/signing-key") }}
{{- include "sallyport.variable" (list "SALLYPORT_ACCESS_CONTROL_KEY_RING_FILE" "/etc/sallyport/installation/access-control/key-ring.json") }}
{{- include "sallyport.variable" (list "SALLYPORT_VAULT_ROOT_KEY_FILE" "/etc/sallyport/installation/vault/key-ring.json") }}
{{- include "sallyport.variable" (list "SALLYPORT_RECORDING_KEY_FILE" "/etc/sallyport/installation/session-proxy/key-ring.json") }}
{{- include "sallyport.variable" (list "SALLYPORT_AUDIT_CHAIN_KEY_FILE" "/etc/sallyport/installation/audit/chain-key") }}
{{- include "sallyport.variable" (list "SALLYPORT_SSH_HOST_KEY_FILE" "/etc/sallyport/installation/ssh/ssh_host_ed25519_key") }}
{{- include "sallyport.variable" (list "SALLYPORT_RECORDING_DIRECTORY" "/var/lib/sallyport/recordings") }}
{{- end }}

{{- define "sallyport.backupDestinationMounts" -}}
{{- if hasPrefix "s3://" .Values.backup.destination -}}
- {name: s3, mountPath: /etc/sallyport/s3, readOnly: true}
{{- else -}}
- {name: destination, mountPath: {{ .Values.backup.destination }}}
{{- end }}
{{- end }}

{{- define "sallyport.backupDestinationVolumes" -}}
{{- if hasPrefix "s3://" .Values.backup.destination -}}
{{- include "sallyport.secretVolume" (dict "volume" "s3" "secret" .Values.backup.s3.secret "files" (list "secret-key")) | trim }}
{{- else -}}
- name: destination
  persistentVolumeClaim:
    claimName: {{ .Values.backup.claim }}
{{- end }}
{{- end }}
