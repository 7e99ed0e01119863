import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { kubernetesTools, missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { kubernetesVersions } from '../tools/schemas.ts'
import { chart, render, renderText, renderWith, runTool, sizes } from './rendered.ts'
import { needs } from './needs.ts'

const missing = missingKubernetesTools()
needs(missing)

describe('The chart', () => {
  // Skipped tests are collected, too.
  const directory = missing ? '' : mkdtempSync(join(tmpdir(), 'sallyport-chart-'))
  afterAll(() => rmSync(directory, { recursive: true }))

  it.each(sizes)('has nothing that helm lint complains of, with %s', size => {
    const args = ['lint', '--strict', '--kube-version', '1.30.0', '--values', join(chart, size), chart]
    expect(runTool('helm', args)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('0 chart(s) failed'),
    })
  })

  it.each(kubernetesVersions)('makes only what Kubernetes %s and the operators’ schemas know', version => {
    const paths = sizes.map(size => {
      const path = join(directory, size)
      writeFileSync(path, renderText(size))
      return path
    })
    const schemas = join(kubernetesTools, 'schemas')
    const kind = '{{.ResourceKind}}{{.KindSuffix}}.json'
    const locations = [`{{.NormalizedKubernetesVersion}}-local-strict/${kind}`, `custom/${kind}`].flatMap(
      location => ['-schema-location', join(schemas, location)],
    )
    const args = ['-strict', '-summary', '-kubernetes-version', version, ...locations, ...paths]
    const { status, stdout } = runTool('kubeconform', args)
    expect({ status, stdout }).toMatchObject({ status: 0 })
    expect(stdout).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/)
  })

  it('is made for every service, and everything of it is named after the release', () => {
    for (const size of sizes) {
      const objects = render(size)
      const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
      const names = workloads.map(({ metadata }) => metadata.name)
      expect(names.filter(name => name !== 'sallyport-synthetic-user').toSorted()).toEqual([
        'sallyport-access-control',
        'sallyport-audit',
        'sallyport-execution',
        'sallyport-gateway',
        'sallyport-session-proxy',
        'sallyport-vault',
      ])
      const all = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
      expect(new Set(all).size).toBe(all.length)
      expect(all.filter(name => !name.includes('/sallyport-'))).toEqual([])
    }
  })

  it('refuses what it was given no values for, and names each', () => {
    const { status, stderr } = runTool('helm', ['template', 'bare', chart, '--kube-version', '1.30.0'])
    expect(status).not.toBe(0)
    for (const key of [
      '/images/registry',
      '/targets/forbidden',
      '/route/parentRefs',
      '/route/hostnames',
      '/networkPolicy/database/peers',
      '/networkPolicy/gatewayPeers',
      '/services/gateway/settings/origins',
    ])
      expect(stderr).toContain(`'${key}'`)
  })

  it('leaves out what is turned off, or what the cluster has no kind for', () => {
    const off = renderWith(
      'values-standard.yaml',
      'networkPolicy.enabled=false',
      'route.enabled=false',
      'certificates.certManager.enabled=false',
      'monitoring.podMonitor.enabled=false',
      'monitoring.alerts.enabled=false',
      'monitoring.dashboard.enabled=false',
    )
    expect(off.status).toBe(0)
    expect(off.stdout).not.toMatch(
      /^kind: (NetworkPolicy|HTTPRoute|Certificate|PodMonitor|PrometheusRule|ConfigMap)/m,
    )
    const values = join(chart, 'values-standard.yaml')
    const plain = runTool('helm', ['template', 'x', chart, '--kube-version', '1.30.0', '--values', values])
    expect(plain.stdout).not.toContain('monitoring.coreos.com')
  })

  it('writes large numbers as services read them', () => {
    expect(renderText('values-saas.yaml')).not.toMatch(/value: "[\d.]+e\+/)
  })
})
