/** What a page of S3’s ListObjectsV2 with a delimiter says: the folders directly below `prefix`, and where to go on. */
export const foldersOf = (xml: string, prefix: string): { folders: string[]; next: string | undefined } => {
  const groups = [...xml.matchAll(/<CommonPrefixes>(.*?)<\/CommonPrefixes>/gs)]
  const folders = groups
    .map(([, inner = '']) => valueOf(inner, 'Prefix') ?? '')
    .filter(name => name.startsWith(prefix) && name.endsWith('/'))
    .map(name => name.slice(prefix.length, -1))
  const isCut = valueOf(xml, 'IsTruncated') === 'true'
  return { folders, next: isCut ? valueOf(xml, 'NextContinuationToken') : undefined }
}

const valueOf = (xml: string, tag: string): string | undefined => {
  const found = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1]
  return found && unescape(found)
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

const unescape = (text: string): string =>
  text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name] ?? '')
