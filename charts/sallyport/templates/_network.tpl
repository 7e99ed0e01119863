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

{{/* 10.244.0.0/16 as a number, without its prefix. */}}
{{- define "sallyport.addressNumber" -}}
{{- $number := 0 -}}
{{- range splitList "." (splitList "/" . | first) }}{{ $number = add (mul $number 256) (atoi .) }}{{ end -}}
{{ $number }}
{{- end }}

{{/* Whether a network lies within another of IPv4, or is all of it: takes (list outer inner), gives "yes" or nothing. */}}
{{- define "sallyport.contains" -}}
{{- $outer := index . 0 -}}
{{- $inner := index . 1 -}}
{{- $prefix := splitList "/" $outer | last | atoi -}}
{{- $size := 1 -}}
{{- range until (int (sub 32 $prefix)) }}{{ $size = mul $size 2 }}{{ end -}}
{{- $place := div (include "sallyport.addressNumber" $inner | atoi) $size -}}
{{- if and (ge (splitList "/" $inner | last | atoi) $prefix) (eq $place (div (include "sallyport.addressNumber" $outer | atoi) $size)) -}}
yes
{{- end }}
{{- end }}

{{/*
Networks outside of the installation: takes (list $ networks). Each leaves out what is forbidden in it. Of IPv6 only ::/0 does: in
a narrower network the service itself refuses what is forbidden.
*/}}
{{- define "sallyport.outside" -}}
{{- $forbidden := (index . 0).Values.targets.forbidden -}}
{{- range $network := index . 1 }}
{{- $except := list -}}
{{- range concat (list "169.254.0.0/16" "fe80::/10") $forbidden }}
{{- if ne (contains ":" $network) (contains ":" .) }}
{{- else if contains ":" . }}
{{- if eq $network "::/0" }}{{ $except = append $except . }}{{ end }}
{{- else if include "sallyport.contains" (list . $network) }}
{{- fail (printf "targets.forbidden: %s forbids all of %s, which targets.networks or receivers.networks allows" . $network) }}
{{- else if include "sallyport.contains" (list $network .) }}
{{- $except = append $except . }}
{{- end }}
{{- end }}
- ipBlock:
    cidr: {{ $network | quote }}
    {{- if $except }}
    except:
      {{- range $except }}
      - {{ . | quote }}
      {{- end }}
    {{- end }}
{{- end }}
{{- end }}
