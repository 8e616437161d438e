{{/* What the pods of pairs and of the front have in common. */}}

{{- define "labels" -}}
app.kubernetes.io/name: {{ .Release.Name }}
{{- end }}

{{- define "pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The container that prints Envoy's file; its scope has `root`, and `front` where it is for the front. */}}
{{- define "bootstrap" -}}
- name: bootstrap
  image: {{ .root.Values.image }}
  command: [sh, -c, "attache envoy -c /etc/attache/config/attache.yaml{{ if .front }} --front-of {{ .root.Release.Name }}-pairs:8080{{ end }} > /run/attache/envoy.yaml"]
  securityContext: {{- include "locked" .root | nindent 4 }}
  envFrom:
  - secretRef: {name: {{ .root.Values.secret }}}
  resources:
    requests: {cpu: 10m, memory: 32Mi}
    limits: {memory: 64Mi}
  volumeMounts:
  - {name: run, mountPath: /run/attache}
  - {name: config, mountPath: /etc/attache/config, readOnly: true}
{{- end }}

{{/* Envoy; its scope has `root` and `resources`. */}}
{{- define "envoy" -}}
- name: envoy
  image: {{ .root.Values.envoyImage }}
  command: [envoy, -c, /run/attache/envoy.yaml, --disable-hot-restart, --concurrency, "2", --log-level, warning]
  ports:
  - {name: http, containerPort: 8080}
  securityContext: {{- include "locked" .root | nindent 4 }}
  resources: {{- toYaml .resources | nindent 4 }}
  startupProbe:
    httpGet: {path: /readyz, port: http}
    periodSeconds: 1
    failureThreshold: 60
  readinessProbe:
    httpGet: {path: /readyz, port: http}
    periodSeconds: 5
  livenessProbe:
    tcpSocket: {port: http}
    periodSeconds: 10
  lifecycle:
    preStop:
      exec:
        command: [bash, /etc/attache/config/drain.sh, "127.0.0.1:9901", {{ .root.Values.drain.least | quote }}, {{ .root.Values.drain.most | quote }}]
  volumeMounts:
  - {name: run, mountPath: /run/attache, readOnly: true}
  - {name: config, mountPath: /etc/attache/config, readOnly: true}
{{- end }}

{{/* Its scope has `root`, `component` and `keys`: where pods of that kind should not be together. */}}
{{- define "spread" -}}
topologySpreadConstraints:
{{- range .keys }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {app.kubernetes.io/name: {{ $.root.Release.Name }}, app.kubernetes.io/component: {{ $.component }}}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
