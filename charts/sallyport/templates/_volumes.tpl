{{/* Files of a Secret, and no others of it: takes (dict "volume" "secret" "files"). */}}
{{- define "sallyport.secretVolume" -}}
- name: {{ .volume }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
      {{- range .files }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{ end }}

{{/* The name of the Secret with a service's certificate: takes (list $ service). */}}
{{- define "sallyport.tlsSecret" -}}
{{- $top := index . 0 -}}
{{- if $top.Values.certificates.certManager.enabled -}}
{{ include "sallyport.name" . }}-tls
{{- else -}}
{{ index $top.Values.certificates.existingSecrets (index . 1) }}
{{- end -}}
{{- end }}

{{/* The files that a service keeps for good: takes a service's name. Empty if it keeps none. */}}
{{- define "sallyport.storage" -}}
{{ if eq . "session-proxy" }}recordings{{ else if eq . "audit" }}checkpoints{{ end }}
{{- end }}

{{/* Which file of its key Secret a service reads. */}}
{{- define "sallyport.keyFile" -}}
{{ if eq . "audit" }}chain-key{{ else if has . (list "access-control" "vault" "session-proxy") }}key-ring.json{{ end }}
{{- end }}

{{/* The volumes of a service: takes (list $ service). */}}
{{- define "sallyport.volumes" -}}
{{- $top := index . 0 -}}
{{- $name := index . 1 -}}
{{- $fact := index (include "sallyport.services" . | fromYaml) $name -}}
{{- $value := index $top.Values.services $name -}}
{{- include "sallyport.secretVolume" (dict "volume" "tls" "secret" (include "sallyport.tlsSecret" .) "files" (list "tls.crt" "tls.key" "ca.crt")) }}
{{- if $fact.schema }}
{{- include "sallyport.secretVolume" (dict "volume" "database" "secret" (index $top.Values.database.existingSecrets $name) "files" (list "url" "worker-url")) }}
{{- with $top.Values.database.authoritySecret }}
{{- include "sallyport.secretVolume" (dict "volume" "database-authority" "secret" . "files" (list "ca.crt")) }}
{{- end }}
{{- include "sallyport.eventLogVolumes" (list $top $name) }}
{{- end }}
{{- with include "sallyport.keyFile" $name }}
{{- include "sallyport.secretVolume" (dict "volume" "keys" "secret" $value.keysSecret "files" (list .)) }}
{{- end }}
{{- if eq $name "session-proxy" }}
{{- include "sallyport.secretVolume" (dict "volume" "ssh" "secret" $value.hostKeySecret "files" (list "ssh_host_ed25519_key")) }}
{{- end }}
{{- if and (eq $name "gateway") $value.tls.existingSecret }}
{{- include "sallyport.secretVolume" (dict "volume" "site" "secret" $value.tls.existingSecret "files" (list "tls.crt" "tls.key")) }}
{{- end }}
{{- with include "sallyport.storage" $name }}
- name: {{ . }}
  persistentVolumeClaim:
    claimName: {{ $value.storage.existingClaim | default (include "sallyport.name" (list $top .)) }}
{{ end }}
{{- end }}

{{/* Takes (list $ service). */}}
{{- define "sallyport.volumeMounts" -}}
{{- $top := index . 0 -}}
{{- $name := index . 1 -}}
{{- $fact := index (include "sallyport.services" . | fromYaml) $name -}}
{{- $secrets := list "tls" -}}
{{- if $fact.schema }}
{{- $secrets = concat $secrets (list "database") (include "sallyport.eventLogMounts" . | fromYamlArray) }}
{{- if $top.Values.database.authoritySecret }}{{ $secrets = append $secrets "database-authority" }}{{ end }}
{{- end }}
{{- if include "sallyport.keyFile" $name }}{{ $secrets = append $secrets "keys" }}{{ end }}
{{- if eq $name "session-proxy" }}{{ $secrets = append $secrets "ssh" }}{{ end }}
{{- if and (eq $name "gateway") $top.Values.services.gateway.tls.existingSecret }}{{ $secrets = append $secrets "site" }}{{ end }}
{{- range $secrets }}
- {name: {{ . }}, mountPath: /etc/sallyport/{{ . }}, readOnly: true}
{{- end }}
{{- with include "sallyport.storage" $name }}
- {name: {{ . }}, mountPath: /var/lib/sallyport/{{ . }}}
{{- end }}
{{- end }}

{{/* Takes (list $ user). */}}
{{- define "sallyport.eventLogVolumes" -}}
{{- $top := index . 0 -}}
{{- $kafka := $top.Values.kafka -}}
{{- $user := index $kafka.users (index . 1) | default dict -}}
{{- if $kafka.brokers }}
{{- with $kafka.tls.authoritySecret }}
{{- include "sallyport.secretVolume" (dict "volume" "kafka-authority" "secret" . "files" (list "ca.crt")) }}
{{- end }}
{{- if $user.certificateSecret }}
{{- include "sallyport.secretVolume" (dict "volume" "kafka-user" "secret" $user.certificateSecret "files" (list "user.crt" "user.key")) }}
{{- else if $user.passwordSecret }}
{{- include "sallyport.secretVolume" (dict "volume" "kafka-user" "secret" $user.passwordSecret "files" (list "password")) }}
{{- end }}
{{- else }}
{{- include "sallyport.secretVolume" (dict "volume" "event-log" "secret" (index $top.Values.database.existingSecrets "event-log") "files" (list "url")) }}
{{- end }}
{{- end }}

{{/* The names of those volumes, as a list: takes (list $ user). */}}
{{- define "sallyport.eventLogMounts" -}}
{{- $kafka := (index . 0).Values.kafka -}}
{{- $user := index $kafka.users (index . 1) | default dict -}}
{{- if not $kafka.brokers }}
- event-log
{{- else }}
{{- if $kafka.tls.authoritySecret }}
- kafka-authority
{{- end }}
{{- if or $user.certificateSecret $user.passwordSecret }}
- kafka-user
{{- end }}
{{- end }}
{{- end }}
