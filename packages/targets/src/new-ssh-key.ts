import { generateSshKeyPair } from '@sallyport/crypto/ssh-key-pair'

/** A new key pair as text, for whom a test or a demonstration needs one: OpenSSH's formats. */
export const newSshKey = (): { readonly private: string; readonly public: string } => {
  const { privateKey, publicKey } = generateSshKeyPair()
  return { private: privateKey.use(bytes => bytes.toString('utf8')), public: publicKey }
}
