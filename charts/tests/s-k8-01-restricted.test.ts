import { describe, expect, it } from 'vitest'
import { figure } from '../../packages/testing/src/proof.ts'
import { missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { containersOf, podsOf, type PodTemplate } from './pods.ts'
import { render, renderText, runTool, sizes } from './rendered.ts'
import { needs } from './needs.ts'

const missing = missingKubernetesTools()
needs(missing)
const pods = () => sizes.flatMap(size => podsOf(render(size)).map(pod => ({ ...pod, size })))

/** The volumes that a container may write to. */
const writableOf: Readonly<Record<string, readonly string[]>> = {
  'session-proxy': ['recordings'],
  audit: ['checkpoints'],
  proof: ['scratch', 'scratch'],
}

/** Whose pods people depend on; the others do one thing and end, or only look on. */
const serves = ({ kind, component }: PodTemplate): boolean =>
  (kind === 'Deployment' || kind === 'StatefulSet') && component !== 'synthetic-user'

describe('S-K8-01: what runs can do nothing that it need not', () => {
  it('is let in by Kubernetes’ own library where “restricted” is enforced', () => {
    const answers = sizes.map(size => runTool('manifests', ['restricted'], renderText(size)).stdout)
    expect(answers).toEqual(sizes.map(size => `${podsOf(render(size)).length} pods\n`))
    figure('S-K8-01', `${pods().length} pods of ${sizes.length} sizes, 0 violations of “restricted”`)
  })

  it('finds pods that “restricted” refuses', () => {
    const spoiled = [
      ['allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true'],
      ['drop: [ALL]', 'drop: []'],
      ['type: RuntimeDefault', 'type: Unconfined'],
      ['runAsUser: 65532', 'runAsUser: 0'],
    ] as const
    for (const [good, bad] of spoiled) {
      const text = renderText('values-standard.yaml').replaceAll(good, bad)
      expect(runTool('manifests', ['restricted'], text).stdout.split('\n').length).toBeGreaterThan(8)
    }
  })

  it('can write nothing but its volumes, and has no token of the cluster', () => {
    for (const pod of pods()) {
      expect(pod.spec.automountServiceAccountToken).toBe(false)
      for (const container of containersOf(pod)) {
        expect(container.securityContext.readOnlyRootFilesystem).toBe(true)
        const writable = (container.volumeMounts ?? []).filter(({ readOnly }) => readOnly !== true)
        expect(writable.map(({ name }) => name)).toEqual(writableOf[container.name] ?? [])
      }
    }
  })

  it('says what it needs and what it may have at most', () => {
    for (const { resources } of pods().flatMap(containersOf)) {
      expect(Object.keys(resources.requests)).toEqual(expect.arrayContaining(['cpu', 'memory']))
      expect(Object.keys(resources.limits)).toContain('memory')
    }
  })

  it('is asked whether it lives and whether it can work, and is spread over nodes and zones', () => {
    for (const { spec } of pods().filter(serves)) {
      const [container] = spec.containers
      expect(container).toMatchObject({
        startupProbe: { httpGet: { path: '/livez', port: 'health' } },
        livenessProbe: { httpGet: { path: '/livez', port: 'health' } },
        readinessProbe: { httpGet: { path: '/readyz', port: 'health' } },
      })
      expect(spec.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey)).toEqual([
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ])
    }
  })

  it('may lose one pod of a service at a time to those who drain nodes', () => {
    for (const size of sizes) {
      const objects = render(size)
      const budgets = objects.filter(({ kind }) => kind === 'PodDisruptionBudget')
      const services = podsOf(objects).filter(serves)
      const guarded: readonly string[] = budgets.map(
        ({ spec }) => spec.selector.matchLabels['app.kubernetes.io/component'],
      )
      expect(guarded.toSorted()).toEqual(services.map(({ component }) => component).toSorted())
      expect(budgets.map(({ spec }) => spec.maxUnavailable)).toEqual(services.map(() => 1))
    }
  })

  it('is given secrets as files of its own, and nothing that is rendered has one in it', () => {
    for (const size of sizes) {
      const objects = render(size)
      expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([])
      const environments = podsOf(objects)
        .flatMap(containersOf)
        .flatMap(({ env }) => env ?? [])
      expect(
        environments.filter(({ valueFrom }) => JSON.stringify(valueFrom ?? {}).includes('secretKeyRef')),
      ).toEqual([])
      const suspicious = environments.filter(
        ({ name, value }) =>
          /PASSWORD|TOKEN|SECRET|DATABASE_URL|EVENT_LOG_URL|_KEY/.test(name) &&
          !/_FILE$|^SALLYPORT_GATEWAY_LIMIT_|_TICKET_|_ACCESS_KEY_ID$|_SSH_HOST_KEY$/.test(name) &&
          value !== undefined,
      )
      expect(suspicious).toEqual([])
      expect(renderText(size)).not.toMatch(/PRIVATE KEY|:\/\/[^\s/:@]+:[^\s/@]+@/)
    }
  })

  it('gives a Secret with a key to nobody but the one service it is for', () => {
    for (const size of sizes) {
      const holders = new Map<string, Set<string>>()
      for (const { component, kind, spec } of podsOf(render(size)).filter(serves))
        for (const { secret } of spec.volumes ?? []) {
          if (secret === undefined || secret.items.every(({ key }) => key === 'ca.crt')) continue
          const known = holders.get(secret.secretName) ?? new Set()
          holders.set(secret.secretName, known.add(`${kind} ${component}`))
        }
      const shared = [...holders].filter(([, names]) => names.size > 1).map(([name]) => name)
      // Without brokers all publish to one table, as one role.
      expect(shared.filter(name => name !== 'sallyport-database-event-log')).toEqual([])
    }
  })
})
