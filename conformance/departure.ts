/** The target does not do what a row demands. */
export class Departure extends Error {
  override readonly name = "Departure";
}

/** The settings do not say what a row needs. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}
