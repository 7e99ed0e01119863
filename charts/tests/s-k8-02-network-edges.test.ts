import { describe, expect, it } from 'vitest'
import { figure } from '../../packages/testing/src/proof.ts'
import { missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { callsItsReplicas, declaredEdges, edgesBeyond, isService } from './declared-edges.ts'
import { edgesIn, pairsOf } from './pairs.ts'
import { others, placesOf, ports } from './places.ts'
import { podsOf } from './pods.ts'
import { outside, type Peer, policiesOf, reaches } from './reach.ts'
import { render, sizes } from './rendered.ts'
import { needs } from './needs.ts'

const missing = missingKubernetesTools()
needs(missing)

const componentLabel = 'app.kubernetes.io/component'
const healthPort = 8080

/** Whom no policy of any size names. */
const strangers = others.filter(({ name }) => name === 'sibling' || name === 'neighbour')

const isOwn = ({ podSelector, namespaceSelector }: Peer): boolean =>
  namespaceSelector === undefined && podSelector?.matchLabels?.[componentLabel] !== undefined

describe('S-K8-02: the network has the edges of the design', () => {
  it.each(sizes)('lets pods call whom their service may call, and no other pod: %s', size => {
    const objects = render(size)
    const pods = podsOf(objects)
    const tried = pairsOf([...placesOf(pods), ...strangers], ports)
    const edges = edgesIn(tried, ({ from, to, port }) => reaches(policiesOf(objects), from, to, port))
    expect(edges.toSorted()).toEqual(
      [...declaredEdges(pods), ...strangers.map(({ name }) => `${name} > session-proxy:2222`)].toSorted(),
    )
  })

  it('lets pods call others of their kind where their service does, and nowhere else', () => {
    const objects = render('values-standard.yaml')
    const policies = policiesOf(objects)
    const among = podsOf(objects)
      .filter(isService)
      .filter(pod => {
        const [place] = placesOf([pod])
        const port = pod.spec.containers[0]?.ports?.find(({ name }) => name === 'grpc')?.containerPort
        return place && port && reaches(policies, place, { ...place, address: '10.244.1.200' }, port)
      })
      .map(({ component }) => component)
    expect(among).toEqual(['session-proxy'])
    expect(among.filter(callsItsReplicas)).toEqual(among)
  })

  it('lets them reach what they need beyond the release, and lets in who needs them', () => {
    const objects = render('values-standard.yaml')
    const pods = podsOf(objects)
    const tried = pairsOf([...placesOf(pods), ...others], ports)
    const edges = edgesIn(tried, ({ from, to, port }) => reaches(policiesOf(objects), from, to, port))
    expect(edges.toSorted()).toEqual([...declaredEdges(pods), ...edgesBeyond(pods)].toSorted())
    figure('S-K8-02', `computed: ${tried.length} pairs and ports, ${edges.length} open, all as declared`)
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
      placesOf(podsOf(objects)).map(place => [
        place.name,
        outside(policiesOf(objects), place, 'Egress', isOwn).map(
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
    const traces = `${JSON.stringify({
      namespaceSelector: { matchLabels: { [namespace]: 'monitoring' } },
    })} TCP 4318`
    const storage = targets.replace('TCP 22', 'TCP 443')
    const doors = `${JSON.stringify({ ipBlock: { cidr: '203.0.113.0/24' } })} TCP 443 TCP 22`
    const receivers = `${JSON.stringify({ ipBlock: { cidr: '192.0.2.0/24' } })} TCP 6514`
    expect(seen).toEqual({
      gateway: [dns, traces],
      'access-control': [dns, database, kafka, traces],
      vault: [dns, database, kafka, traces],
      execution: [dns, database, kafka, traces, targets],
      'session-proxy': [dns, database, kafka, traces, targets],
      audit: [dns, database, kafka, traces, receivers],
      backup: [dns, database, storage],
      'backup-proof': [dns, storage],
      migrations: [dns, database, kafka],
      'synthetic-user': [dns, doors],
      test: [dns],
    })
  })

  it('lets in from beyond the release only people’s doors and who watches', () => {
    for (const size of ['values-standard.yaml', 'values-saas.yaml']) {
      const objects = render(size)
      const services = new Set(
        podsOf(objects)
          .filter(isService)
          .map(({ component }) => component),
      )
      for (const place of placesOf(podsOf(objects))) {
        const ports = outside(policiesOf(objects), place, 'Ingress', isOwn).flatMap(({ ports }) => ports)
        const doors = { gateway: ['TCP 8443'], 'session-proxy': ['TCP 2222'] }[place.name] ?? []
        const isWatched = services.has(place.name) || place.name === 'synthetic-user'
        const health = isWatched ? [`TCP ${healthPort}`] : []
        expect([...new Set(ports)], place.name).toEqual([...doors, ...health])
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
})
