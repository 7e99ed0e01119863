/**
 * Where a password change can be interrupted, each with a state of its own in journal, vault and target. "Before" a step
 * and "after" the one before it are told apart only where something happens between them.
 */
export const faultPlaces = [
  'after candidate-sealed',
  'after sending',
  'before sent',
  'after sent',
  'after new-verified',
  'after old-refused',
  'before promoted',
  'after promoted',
] as const

/** How often each is tried: once for every change of the code, more at night. */
export const faultRounds = Number(process.env['SALLYPORT_FAULT_ROUNDS'] ?? 1)

/** All places, as often as asked for. */
export const everyPlace = (): string[] => Array.from({ length: faultRounds }, () => faultPlaces).flat()
