import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { compareAll, type Contestant } from '../pairs.ts'
import type { Effort, Measurement, Row } from '../row.ts'
import { makePayload, type Payload } from '../sessions/payload.ts'
import { openSessionScene, type SessionScene } from '../sessions/scene.ts'

type Direction = 'up' | 'down'

/** Moves a payload one way through one host, and gives MB/s. The command counts what came out at the far end. */
const transfer = async (
  scene: SessionScene,
  host: string,
  payload: Payload,
  direction: Direction,
): Promise<number> => {
  await using file = await open(payload.path)
  const [remote, local] = direction === 'up' ? ['wc -c', 'cat'] : [`cat ${payload.path}`, 'wc -c']
  const began = performance.now()
  const child = spawn('sh', ['-c', `ssh "$@" '${remote}' | ${local}`, 'sh', ...scene.client.args, host], {
    stdio: [direction === 'up' ? file.fd : 'ignore', 'pipe', 'inherit'],
  })
  let counted = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    counted += text
  })
  await once(child, 'close')
  const seconds = (performance.now() - began) / 1000
  if (Number(counted) !== payload.bytes)
    throw new Error(`${host}: ${counted.trim()} of ${payload.bytes} bytes`)
  return payload.bytes / 1e6 / seconds
}

const contestants = (scene: SessionScene, payload: Payload, direction: Direction) => {
  const one = (host: string, name: string, pid: number): Contestant => ({
    name,
    processes: [pid],
    run: () => transfer(scene, host, payload, direction),
  })
  const { ours, target, naive } = scene
  return {
    ours: one('ours', 'Sallyport', ours.program.pid),
    peers: [
      one('jumped', 'ProxyJump', target.jump.pid),
      one('naive', 'ssh2 floor, not recorded', naive.program.pid),
    ],
  }
}

const measure = async (
  effort: Effort,
  scene: SessionScene,
  payload: Payload,
  kind: string,
  direction: Direction,
): Promise<Measurement[]> => {
  const { ours, peers } = contestants(scene, payload, direction)
  const compared = await compareAll(effort, ours, peers)
  const size = payload.bytes >= 2 ** 30 ? '1 GiB' : `${payload.bytes / 2 ** 20} MiB`
  return compared.map((result, index) => {
    const bar = index === 0 ? 1.3 : 0.9
    return {
      what: `${size} of ${kind} ${direction}, recorded`,
      unit: 'MB/s',
      ...result,
      target: `≥ ${bar} × ${index === 0 ? 'ProxyJump' : 'floor'}`,
      reached: result.ratio >= bar,
    }
  })
}

export const row: Row = {
  id: 'P-SP-1',
  title: 'bulk through an SSH session: OpenSSH’s client, aes128-gcm, curve25519, output recorded',
  run: async effort => {
    const bytes = effort.quick ? 2 ** 27 : 2 ** 30
    await using scene = await openSessionScene()
    await using text = await makePayload('text', bytes)
    await using binary = await makePayload('binary', bytes)
    return [
      ...(await measure(effort, scene, text, 'text', 'down')),
      ...(await measure(effort, scene, text, 'text', 'up')),
      ...(await measure(effort, scene, binary, 'random bytes', 'down')),
    ]
  },
}
