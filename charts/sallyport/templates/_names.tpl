{{/* The name of what belongs to one component: takes (list $ component). */}}
{{- define "sallyport.name" -}}
{{- $top := index . 0 -}}
{{ $top.Release.Name | trunc 30 | trimSuffix "-" }}-{{ index . 1 }}
{{- end }}

{{/* What every object of the release carries, and what its pods are selected by. */}}
{{- define "sallyport.selector" -}}
app.kubernetes.io/name: sallyport
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Takes (list $ component). */}}
{{- define "sallyport.componentSelector" -}}
{{ include "sallyport.selector" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Takes (list $ component). */}}
{{- define "sallyport.labels" -}}
{{- $top := index . 0 -}}
{{ include "sallyport.componentSelector" . }}
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $top.Chart.Name $top.Chart.Version | quote }}
{{- end }}

{{/* Where a service is called, one connection to each of its pods: takes (list $ service). */}}
{{- define "sallyport.address" -}}
{{- $service := index (include "sallyport.services" . | fromYaml) (index . 1) -}}
dns:///{{ include "sallyport.name" . }}-headless:{{ $service.port }}
{{- end }}

{{/* Takes (list $ image). A digest wins over the tag. */}}
{{- define "sallyport.image" -}}
{{- $top := index . 0 -}}
{{- $images := $top.Values.images -}}
{{- $name := printf "%s/%s" $images.registry (index . 1) -}}
{{- with index $images.digests (index . 1) -}}
{{ $name }}@{{ . }}
{{- else -}}
{{ $name }}:{{ $images.tag | default $top.Chart.AppVersion }}
{{- end }}
{{- end }}
