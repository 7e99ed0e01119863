import { KeyRotationState, KeyScope } from '@sallyport/contracts/vault/v1/secrets'
import { meterProcesses } from '../process-meter.ts'
import { quantile } from '../pairs.ts'
import type { Row } from '../row.ts'
import { fillVault } from '../secrets/fill.ts'
import { readSecrets } from '../secrets/reading.ts'
import { openVaultScene, type VaultScene } from '../secrets/scene.ts'

/** Starts a change of the tenant's key, and waits for its end; gives how many data keys a second were rewrapped. */
const rotate = async (scene: VaultScene): Promise<{ perSecond: number; rewrapped: number }> => {
  const began = performance.now()
  const { keyRotation } = await scene.keys.startKeyRotation({ scope: KeyScope.TENANT }, await scene.token(1))
  for (;;) {
    await new Promise(resolve => setTimeout(resolve, 100))
    const now = await scene.keys.getKeyRotation({ id: keyRotation?.id ?? '' }, await scene.token(2))
    if (now.keyRotation?.state === KeyRotationState.FAILED) throw new Error('the rotation failed')
    if (now.keyRotation?.state !== KeyRotationState.DONE) continue
    const rewrapped = Number(now.keyRotation.rewrapped)
    return { rewrapped, perSecond: rewrapped / ((performance.now() - began) / 1000) }
  }
}

/** Reads at half of what is possible, until told to stop. */
const readUntil = async (scene: VaultScene, stopped: () => boolean): Promise<number[]> => {
  const p99s: number[] = []
  while (!stopped()) p99s.push((await readSecrets(scene, 200, 4)).p99)
  return p99s
}

export const row: Row = {
  id: 'P-VA-4',
  title: 'a new tenant key: rewrap every data key while secrets are read',
  run: async effort => {
    await using scene = await openVaultScene(100)
    const count = effort.quick ? 20_000 : 1_000_000
    await fillVault(scene, count)
    using meter = meterProcesses([scene.vault.pid, scene.database.pid])
    const alone = await rotate(scene)
    const before = Array.from({ length: 5 })
    const p99Before: number[] = []
    for (const _ of before) p99Before.push((await readSecrets(scene, 200, 4)).p99)
    let done = false
    const reading = readUntil(scene, () => done)
    const serving = await rotate(scene)
    done = true
    const p99During = await reading
    if (alone.rewrapped < count || serving.rewrapped < count) throw new Error('not everything was rewrapped')
    const side = (name: string, value: number) => ({
      name,
      value,
      cpuSeconds: meter.cpuSeconds(),
      residentMegabytes: meter.peakMegabytes(),
    })
    const [quiet, busy] = [quantile(p99Before, 0.5), quantile(p99During, 0.5)]
    const what = `${count.toLocaleString('en')} data keys`
    return [
      {
        what: `${what}, nobody reads`,
        unit: '/s',
        ours: side('ours', alone.perSecond),
        target: '≥ 20,000 /s',
        reached: alone.perSecond >= 20_000,
      },
      {
        what: `${what}, while 4 at a time read`,
        unit: '/s',
        ours: side('ours', serving.perSecond),
        target: '≥ 20,000 /s',
        reached: serving.perSecond >= 20_000,
      },
      {
        what: 'p99 of those reads',
        unit: 'ms',
        ours: side('ours', busy),
        peer: side('without a rotation', quiet),
        ratio: busy / quiet,
        target: '≤ 1.3 × without a rotation',
        reached: busy / quiet <= 1.3,
      },
    ]
  },
}
