import { logLogSlope, median } from '../pairs.ts'
import type { Row } from '../row.ts'
import { fillVault } from '../secrets/fill.ts'
import { readSecrets } from '../secrets/reading.ts'
import { openVaultScene } from '../secrets/scene.ts'

export const row: Row = {
  id: 'LAWS-VAULT',
  title: 'what reading a secret and listing credentials grow with',
  run: async effort => {
    await using scene = await openVaultScene(200)
    const sizes = effort.quick ? [1_000, 10_000, 50_000] : [1_000, 10_000, 100_000, 1_000_000]
    const points: { x: number; read: number; list: number }[] = []
    let stored = scene.stored.length
    await readSecrets(scene, 200, 1)
    for (const size of sizes) {
      await fillVault(scene, size - stored)
      stored = size
      points.push({ x: size, read: (await readSecrets(scene, 400, 1)).p50, list: await listPage() })
    }
    async function listPage(): Promise<number> {
      const times: number[] = []
      let cursor = ''
      for (let page = 0; page < 20; page += 1) {
        const asked = { page: { size: 50, cursor }, deviceId: '', search: '', tag: '', type: '' }
        const began = performance.now()
        const answer = await scene.credentials.listCredentials(asked, await scene.token(page))
        times.push(performance.now() - began)
        cursor = answer.page?.nextCursor ?? ''
      }
      return median(times)
    }
    const side = (value: number, name = 'ours') => ({ name, value, cpuSeconds: 0, residentMegabytes: 0 })
    const line = (what: string, of: 'read' | 'list') => {
      const [last, base] = [points.at(-1), points[1]]
      const [many, few] = [last?.[of] ?? Number.NaN, base?.[of] ?? Number.NaN]
      const slope = logLogSlope(points.map(point => ({ x: point.x, y: point[of] })))
      return {
        what: `${what} with ${last?.x.toLocaleString('en')} secrets`,
        unit: 'ms',
        ours: side(many),
        peer: side(few, 'with 10 k'),
        ratio: many / few,
        target: '≤ 1.3 × with 10 k',
        reached: many / few <= 1.3,
        note: `slope ${slope.toFixed(2)}`,
      }
    }
    return [line('reading one', 'read'), line('a page of 50 credentials', 'list')]
  },
}
