import type { SealContext } from './seal-context.ts'
import type { Secret } from './secret.ts'

/** Wraps and unwraps keys with root keys that never leave it (a file's reader, a module, a cloud service). */
export type RootKeyProvider = {
  /** The id of the root key that wraps from now on. */
  primaryKeyId(): Promise<string>
  /** Seals key material under the primary root key. Throws `root_key.unavailable`. */
  wrap(material: Secret, context: SealContext): Promise<Buffer>
  /** Opens what `wrap` made, under whichever root key. Throws `sealed_value.refused` or `root_key.unavailable`. */
  unwrap(blob: Uint8Array, context: SealContext): Promise<Secret>
}

/** What a rotation of the root key needs besides. */
export type RootKeyRotator = {
  /** Makes a new root key, durably, and makes it the primary one; older ones go on unwrapping. Gives its id. */
  addKey(): Promise<string>
  /**
   * Destroys a root key. Whatever is still wrapped under it is lost: prove first that nothing is.
   * Throws `root_key.in_use` for the primary key. A key that is not there is no error.
   */
  retireKey(id: string): Promise<void>
}
