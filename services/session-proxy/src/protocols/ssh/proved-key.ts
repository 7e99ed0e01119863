import ssh2, { type PublicKeyAuthContext } from 'ssh2'
import { typeOfKey, USER_KEY_ALGORITHMS } from './algorithms.ts'

/** Whether a key is of a type that may sign in: its own type, not what the client says about it. */
export const isAcceptableKey = ({ key }: PublicKeyAuthContext): boolean => {
  const type = typeOfKey(key.data)
  return USER_KEY_ALGORITHMS.has(type) && type === key.algo
}

/**
 * Whether this request proves that the client has the private key: a signature, by this very key, over this
 * connection's session id and this user name. INVARIANT: identity comes from here, never from a key that was offered.
 */
export const provesKey = (context: PublicKeyAuthContext): boolean => {
  if (context.signature === undefined || context.blob === undefined || !isAcceptableKey(context)) return false
  // Without a hash algorithm an RSA key would be verified with SHA-1.
  if (context.key.algo === 'ssh-rsa' && !isSha2(context.hashAlgo)) return false
  const key = ssh2.utils.parseKey(context.key.data)
  return !(key instanceof Error) && isTrue(key.verify(context.blob, context.signature, context.hashAlgo))
}

/** ssh2's types say boolean; it gives an Error for a signature that it cannot even read. */
const isTrue = (verified: unknown): boolean => verified === true

const isSha2 = (hash: string | undefined): boolean => hash === 'sha256' || hash === 'sha512'
