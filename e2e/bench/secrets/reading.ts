import { type Loaded, load } from '../load.ts'
import type { VaultScene } from './scene.ts'

/** Reads secrets, each against a grant of its own, and checks what comes. Signing the grants does not count. */
export const readSecrets = async (scene: VaultScene, count: number, atOnce: number): Promise<Loaded> => {
  const asked = Array.from({ length: count }, (_, index) => {
    const one = scene.stored[index % scene.stored.length]
    if (one === undefined) throw new Error('nothing is stored')
    return one
  })
  const statements: string[] = []
  for (const one of asked) statements.push(await scene.grantFor(one))
  return load(count, atOnce, async index => {
    const { secret } = await scene.secrets.releaseSecret({ statement: statements[index] ?? '' })
    if (!asked[index]?.secret.equals(secret)) throw new Error('a wrong secret came')
  })
}
