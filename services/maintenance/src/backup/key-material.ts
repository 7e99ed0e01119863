import { parseKeyRing } from '@sallyport/crypto/key-ring'
import { readPrivateFile } from '@sallyport/crypto/private-file'
import type { Secret } from '@sallyport/crypto/secret'
import { BackupError } from './backup-error.ts'

/** The files with an installation’s keys, and what they are called in a backup. */
export const keyNames = ['access-control', 'vault-root', 'recordings', 'audit-chain', 'ssh-host-key'] as const

export type KeyName = (typeof keyNames)[number]
export type KeyFiles = Readonly<Partial<Record<KeyName, string>>>

/** Rings tell the ids of their keys, which are no secret. */
const rings: ReadonlySet<KeyName> = new Set(['access-control', 'vault-root', 'recordings'])

export type KeyMaterial = {
  readonly name: KeyName
  readonly content: Secret
  readonly ids: readonly string[]
}

/** Everything that is in the files. Disposing it overwrites it. */
export const readKeys = async (
  files: KeyFiles,
): Promise<Disposable & { readonly keys: readonly KeyMaterial[] }> => {
  using stack = new DisposableStack()
  const keys: KeyMaterial[] = []
  for (const name of keyNames) {
    const path = files[name]
    if (path === undefined) continue
    const content = stack.use(await readKey(name, path))
    const ids = rings.has(name) ? [...parseKeyRing(content).keys.keys()] : []
    keys.push({ name, content, ids })
  }
  const owned = stack.move()
  return { keys, [Symbol.dispose]: () => owned.dispose() }
}

const readKey = async (name: KeyName, path: string): Promise<Secret> => {
  try {
    return (await readPrivateFile(path)).content
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be read'
    throw new BackupError(`The key file of ${name} cannot be used: ${why}`, { cause })
  }
}

export const areSame = (one: readonly KeyMaterial[], other: readonly KeyMaterial[]): boolean =>
  one.length === other.length &&
  one.every(({ name, content }, at) => other[at]?.name === name && other[at].content.equals(content))
