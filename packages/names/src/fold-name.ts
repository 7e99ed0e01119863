/**
 * What two names that people would take for the same have in common, for uniqueness and look-up: neither case nor
 * compatibility forms (Unicode's NFKC) make them different. Folding twice changes nothing.
 */
export const foldName = (name: string): string => {
  // Most names: a tenth of the time of the general way.
  if (/^[\x20-\x7e]*$/.test(name)) return name.toLowerCase()
  return name.normalize('NFKC').toLowerCase().normalize('NFKC')
}
