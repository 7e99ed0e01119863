{{/* Pods of other components of this release: takes (list $ component...). */}}
{{- define "sallyport.peers" -}}
{{- $top := index . 0 -}}
{{- range rest . }}
- podSelector:
    matchLabels:
      {{- include "sallyport.componentSelector" (list $top .) | nindent 6 }}
{{- end }}
{{- end }}

{{/* What everything that has a database may speak to: takes $. */}}
{{- define "sallyport.egressToData" -}}
{{- $network := .Values.networkPolicy -}}
- to:
    {{- toYaml $network.database.peers | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $network.database.port }}}
{{- if .Values.kafka.brokers }}
- to:
    {{- toYaml $network.kafka.peers | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $network.kafka.port }}}
{{- end }}
{{- end }}

{{/* Takes $. */}}
{{- define "sallyport.egressToDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.peers | nindent 4 }}
  ports:
    {{- range .Values.networkPolicy.dns.ports }}
    - {protocol: UDP, port: {{ . }}}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}

{{/*
Networks outside of the installation: takes (list $ networks). A network that is everything leaves out what is forbidden; in a
narrower one the service itself refuses that.
*/}}
{{- define "sallyport.outside" -}}
{{- $forbidden := (index . 0).Values.targets.forbidden -}}
{{- range index . 1 }}
- ipBlock:
    cidr: {{ . | quote }}
    {{- if has . (list "0.0.0.0/0" "::/0") }}
    except:
      {{- $isSix := contains ":" . }}
      - {{ ternary "fe80::/10" "169.254.0.0/16" $isSix | quote }}
      {{- range $forbidden }}
      {{- if eq (contains ":" .) $isSix }}
      - {{ . | quote }}
      {{- end }}
      {{- end }}
    {{- end }}
{{- end }}
{{- end }}
