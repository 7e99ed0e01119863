{{/* What the services are: where they listen, whom they call, what else they need. A test compares calls with methods.ts. */}}
{{- define "sallyport.services" -}}
gateway:
  port: 8443
  calls: [access-control, vault, execution, session-proxy, audit]
access-control:
  port: 7401
  calls: [vault]
  schema: access_control
vault:
  port: 7443
  calls: [access-control]
  schema: vault
execution:
  port: 7404
  calls: [access-control, vault]
  schema: execution
  reaches: targets
session-proxy:
  port: 7405
  calls: [access-control, vault]
  schema: session_proxy
  reaches: targets
  # A live session is shown by the replica that carries it, whichever was asked.
  callsItsReplicas: true
audit:
  port: 7406
  calls: [access-control]
  schema: audit
  reaches: receivers
{{- end }}

{{/* The same port in every pod, so that whoever watches needs one rule. */}}
{{- define "sallyport.healthPort" -}}8080{{- end }}
{{- define "sallyport.sshPort" -}}2222{{- end }}

{{/* SALLYPORT_<this>_…: takes a service's name. */}}
{{- define "sallyport.screaming" -}}{{ . | upper | replace "-" "_" }}{{- end }}
