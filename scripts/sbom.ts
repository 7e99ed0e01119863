// Prints what a service is made of, as CycloneDX 1.6: `pnpm run sbom services/vault`.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Package, readLockfile, root, runtimePackages } from './lockfile.ts'

export type Component = {
  readonly type: 'library'
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly hashes: readonly { readonly alg: 'SHA-512'; readonly content: string }[]
}

export type Sbom = {
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: '1.6'
  readonly version: 1
  readonly serialNumber: string
  readonly metadata: {
    readonly component: { readonly type: 'application'; readonly name: string; readonly version: string }
  }
  readonly components: readonly Component[]
}

/**
 * The same input gives the same document, so that two builds can be compared.
 * @param isThere leaves out packages that are for other systems
 */
export const sbomOf = (folder: string, isThere: (name: string) => boolean = () => true): Sbom => {
  const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const packages = [...runtimePackages(readLockfile(), folder).entries()].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  )
  const components = packages.filter(([, { name: of }]) => isThere(of)).map(([, each]) => componentOf(each))
  const digest = createHash('sha256')
    .update(JSON.stringify([name, version, components]))
    .digest('hex')
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    serialNumber: `urn:uuid:${uuidOf(digest)}`,
    metadata: { component: { type: 'application', name, version } },
    components,
  }
}

const componentOf = ({ name, version, integrity }: Package): Component => ({
  type: 'library',
  name,
  version,
  purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  hashes: [
    { alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') },
  ],
})

/** Version 8 of RFC 9562: bits of our own. */
const uuidOf = (hex: string): string =>
  [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')

if (import.meta.main) {
  const [folder] = process.argv.slice(2)
  if (!folder) throw new Error('Which service? Such as services/vault')
  process.stdout.write(`${JSON.stringify(sbomOf(folder), undefined, 2)}\n`)
}
