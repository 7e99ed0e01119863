{{/* What Kubernetes' "restricted" asks of a pod, and more: there is nothing in it that a process could change. */}}
{{- define "sallyport.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  # Secrets are root's files, which this group may read.
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "sallyport.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* The pods of a service: takes (list $ service). */}}
{{- define "sallyport.pod" -}}
{{- $top := index . 0 -}}
{{- $name := index . 1 -}}
{{- $fact := index (include "sallyport.services" . | fromYaml) $name -}}
{{- $value := index $top.Values.services $name -}}
metadata:
  labels:
    {{- include "sallyport.componentSelector" . | nindent 4 }}
    {{- with $value.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $value.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "sallyport.podSecurity" $top | nindent 2 }}
  {{- with $value.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ include "sallyport.graceSeconds" . }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: {{ $value.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "sallyport.componentSelector" (list $top $name) | nindent 10 }}
      matchLabelKeys: [{{ if eq $name "session-proxy" }}controller-revision-hash{{ else }}pod-template-hash{{ end }}]
    {{- end }}
  {{- with $value.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $value.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ $name }}
      image: {{ include "sallyport.image" . }}
      imagePullPolicy: {{ $top.Values.images.pullPolicy }}
      args: [services/{{ $name }}/dist/main.js]
      {{- include "sallyport.containerSecurity" $top | nindent 6 }}
      env:
        {{- include "sallyport.environment" . | trim | nindent 8 }}
      ports:
        - name: {{ if eq $name "gateway" }}{{ include "sallyport.gatewayPortName" $top }}{{ else }}grpc{{ end }}
          containerPort: {{ $fact.port }}
        - name: health
          containerPort: {{ include "sallyport.healthPort" $top }}
        {{- if eq $name "session-proxy" }}
        - name: ssh
          containerPort: {{ include "sallyport.sshPort" $top }}
        {{- end }}
      startupProbe:
        httpGet: {path: /livez, port: health}
        periodSeconds: 1
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /livez, port: health}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: health}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      lifecycle:
        preStop:
          # Until everybody has heard that this pod is no longer to be called.
          sleep: {seconds: 5}
      resources:
        {{- toYaml $value.resources | nindent 8 }}
      volumeMounts:
        {{- include "sallyport.volumeMounts" . | trim | nindent 8 }}
  volumes:
    {{- include "sallyport.volumes" . | trim | nindent 4 }}
{{- end }}

{{/* Long enough for the pause before, and for what the service does itself: takes (list $ service). */}}
{{- define "sallyport.graceSeconds" -}}
{{- $top := index . 0 -}}
{{- if eq (index . 1) "session-proxy" -}}
{{ add (index $top.Values.services "session-proxy").settings.drainSeconds 35 }}
{{- else -}}
35
{{- end -}}
{{- end }}

{{- define "sallyport.gatewayPortName" -}}
{{ if .Values.services.gateway.tls.existingSecret }}https{{ else }}http{{ end }}
{{- end }}
