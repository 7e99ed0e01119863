import { describe, expect, it } from 'vitest'
import { declaredMethods } from '../../e2e/support/method-tables.ts'
import { figure } from '../../packages/testing/src/proof.ts'
import { missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { type PodTemplate, podsOf } from './pods.ts'
import { outside, type Peer, policiesOf, reaches } from './reach.ts'
import { render, sizes } from './rendered.ts'

const missing = missingKubernetesTools()

const healthPort = 8080
const componentLabel = 'app.kubernetes.io/component'

/** Who may call whom, from the rows of every RPC. The gateway answers none: it is the only one without. */
const declaredCalls: ReadonlySet<string> = new Set(
  declaredMethods.flatMap(({ service, callers }) => callers.map(caller => `${caller} > ${service}`)),
)

const isService = ({ kind }: PodTemplate): boolean => kind === 'Deployment' || kind === 'StatefulSet'
const portsOf = ({ spec }: PodTemplate) => spec.containers.flatMap(({ ports }) => ports ?? [])

/** The edges of the design, and no others: `from > to:port`. */
const declaredEdges = (pods: readonly PodTemplate[]): readonly string[] =>
  pods.filter(isService).flatMap(to =>
    portsOf(to).flatMap(({ name, containerPort }) => {
      if (name === 'health') return [`test > ${to.component}:${containerPort}`]
      if (name !== 'grpc') return []
      return pods
        .filter(from => declaredCalls.has(`${from.component} > ${to.component}`))
        .map(from => `${from.component} > ${to.component}:${containerPort}`)
    }),
  )

const somebody: PodTemplate = {
  component: 'somebody',
  kind: 'Pod',
  labels: { app: 'other' },
  spec: { containers: [] },
}

const isOwn = ({ podSelector, namespaceSelector }: Peer): boolean =>
  namespaceSelector === undefined && podSelector?.matchLabels?.[componentLabel] !== undefined

describe.skipIf(missing)(
  `S-K8-02: the network has the edges of the design${missing ? ` (${missing})` : ''}`,
  () => {
    it('lets each pod reach what its service may call, at each port of each, and nothing else', () => {
      const counts = sizes.map(size => {
        const objects = render(size)
        const policies = policiesOf(objects)
        const pods = podsOf(objects)
        const all = [...pods, somebody]
        const ports = [
          ...new Set([...pods.flatMap(portsOf).map(({ containerPort }) => containerPort), 22, 5432]),
        ]
        const tried = all.flatMap(from => pods.flatMap(to => ports.map(port => ({ from, to, port }))))
        const open = tried.filter(({ from, to, port }) => reaches(policies, from, to, port))
        const edges = open.map(({ from, to, port }) => `${from.component} > ${to.component}:${port}`)
        expect(edges.toSorted(), size).toEqual(declaredEdges(pods).toSorted())
        return { tried: tried.length, open: edges.length }
      })
      const sum = (key: 'tried' | 'open'): number => counts.reduce((all, each) => all + each[key], 0)
      figure(
        'S-K8-02',
        `${sum('tried')} pairs of pods and ports in ${sizes.length} sizes, ${sum('open')} open, all as declared`,
      )
    })

    it('chooses every pod for both directions, so that what no rule names is closed', () => {
      for (const size of sizes) {
        const objects = render(size)
        const [everything] = policiesOf(objects).filter(({ ingress, egress }) => !ingress && !egress)
        expect(everything?.policyTypes).toEqual(['Ingress', 'Egress'])
        for (const { labels } of podsOf(objects))
          expect(labels).toMatchObject(everything?.podSelector.matchLabels ?? { none: '' })
      }
    })

    it('names whom each pod may reach beyond the release', () => {
      const objects = render('values-standard.yaml')
      const seen = Object.fromEntries(
        podsOf(objects).map(pod => [
          pod.component,
          outside(policiesOf(objects), pod, 'Egress', isOwn).map(
            ({ peer, ports }) => `${JSON.stringify(peer)} ${ports.join(' ')}`,
          ),
        ]),
      )
      const namespace = 'kubernetes.io/metadata.name'
      const dns = `${JSON.stringify({
        namespaceSelector: { matchLabels: { [namespace]: 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      })} UDP 53 TCP 53`
      const database = `${JSON.stringify({ podSelector: { matchLabels: { 'cnpg.io/cluster': 'postgres' } } })} TCP 5432`
      const kafka = `${JSON.stringify({
        namespaceSelector: { matchLabels: { [namespace]: 'kafka' } },
        podSelector: { matchLabels: { 'strimzi.io/cluster': 'kafka' } },
      })} TCP 9093`
      const targets = `${JSON.stringify({
        ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16', '10.244.0.0/16', '10.96.0.0/12'] },
      })} TCP 22`
      const receivers = `${JSON.stringify({ ipBlock: { cidr: '192.0.2.0/24' } })} TCP 6514`
      expect(seen).toEqual({
        gateway: [dns],
        'access-control': [dns, database, kafka],
        vault: [dns, database, kafka],
        execution: [dns, database, kafka, targets],
        'session-proxy': [dns, database, kafka, targets],
        audit: [dns, database, kafka, receivers],
        migrations: [dns, database, kafka],
        test: [dns],
      })
    })

    it('lets in from beyond the release only people’s doors and who watches', () => {
      for (const size of ['values-standard.yaml', 'values-saas.yaml']) {
        const objects = render(size)
        for (const pod of podsOf(objects)) {
          const ports = outside(policiesOf(objects), pod, 'Ingress', isOwn).flatMap(({ ports }) => ports)
          const doors = { gateway: ['TCP 8443'], 'session-proxy': ['TCP 2222'] }[pod.component] ?? []
          const health = isService(pod) ? [`TCP ${healthPort}`] : []
          expect([...new Set(ports)], pod.component).toEqual([...doors, ...health])
        }
      }
    })

    it('forbids the services themselves what the network forbids', () => {
      const [proxy] = podsOf(render('values-saas.yaml')).filter(
        ({ component }) => component === 'session-proxy',
      )
      const forbidden = proxy?.spec.containers[0]?.env?.find(
        ({ name }) => name === 'SALLYPORT_FORBIDDEN_TARGETS',
      )
      expect(forbidden?.value).toBe('10.0.0.0/8,fd00::/8')
    })
  },
)
