import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { figure } from '../../packages/testing/src/proof.ts'
import { missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { declaredEdges, edgesBeyond } from './declared-edges.ts'
import { firewallOf } from './firewall.ts'
import { edgesIn, pairsOf } from './pairs.ts'
import { others, placesOf, ports } from './places.ts'
import { podsOf } from './pods.ts'
import { policiesOf } from './reach.ts'
import { render } from './rendered.ts'
import { needs } from './needs.ts'

const canEnforce = (): boolean =>
  spawnSync('unshare', ['--net', 'sh', '-c', 'ip link set lo up && nft list ruleset']).status === 0

const missing =
  missingKubernetesTools() ??
  (canEnforce() ? undefined : 'needs root, and nft and ip (Debian: nftables, iproute2)')
needs(missing)

describe('S-K8-02: a kernel that enforces the policies', () => {
  // Skipped tests are collected, too.
  const objects = missing ? [] : render('values-standard.yaml')
  const pods = podsOf(objects)
  const places = [...placesOf(pods), ...others]
  const pairs = pairsOf(places, ports)

  const probe = (firewall: string): readonly string[] => {
    const task = {
      addresses: places.map(({ address }) => address),
      ports,
      firewall,
      pairs: pairs.map(({ from, to, port }) => ({ from: from.address, to: to.address, port })),
    }
    const program = join(import.meta.dirname, 'probe-main.ts')
    const { status, stdout, stderr } = spawnSync('unshare', ['--net', process.execPath, program], {
      input: JSON.stringify(task),
      encoding: 'utf8',
      maxBuffer: 10_000_000,
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const open = new Map<(typeof pairs)[number], boolean>(
      (JSON.parse(stdout) as readonly boolean[]).map((each, index) => [pairs[index]!, each]),
    )
    return edgesIn(pairs, pair => open.get(pair) === true)
  }

  it('lets through the connections of the design, and no others', () => {
    const edges = probe(firewallOf(policiesOf(objects), places))
    expect(edges.toSorted()).toEqual([...declaredEdges(pods), ...edgesBeyond(pods)].toSorted())
    figure(
      'S-K8-02',
      `enforced: ${pairs.length} connections tried, ${edges.length} came about, all as declared`,
    )
  })

  it('lets everything through without them, so that what was refused was refused by them', () => {
    expect(probe('table inet policies {}').length).toBe(pairs.length)
  })
})
