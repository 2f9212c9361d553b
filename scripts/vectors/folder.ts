import { readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

/** Longest file that is read: the largest of the standards' own test files is under two. */
const mebibytesMax = 16;

/** A file that a manifest names and that cannot be read. */
class Unreadable extends Error {
  override readonly name = "Unreadable";
}

interface FolderOptions {
  readonly top?: string;
  readonly read?: Set<string>;
}

/** A folder with a manifest, and the files beside and below it. */
export class VectorFolder {
  readonly #path: string;
  /** The highest folder that files may be named from. */
  readonly #top: string;
  /** Paths that this run has read: what a note hands to a case is not a document that nobody tried. */
  readonly #read: Set<string>;
  /** How its files are named in the report. */
  readonly name: string;

  /**
   * @param top as far up as {@link above} may lead
   * @param read what the run has read so far, shared by all its folders
   */
  constructor(path: string, name: string, { top = path, read = new Set<string>() }: FolderOptions = {}) {
    this.#path = resolve(path);
    this.#top = resolve(top);
    this.#read = read;
    this.name = name;
  }

  /**
   * The folder that a manifest here names files from, when its own place below that is `place`.
   * @throws Unreadable when it lies elsewhere, or that folder is too far up
   */
  above(place: string): VectorFolder {
    const path = resolve(this.#path, ...place.split("/").map((part) => (part === "." ? "." : "..")));
    if (resolve(path, place) !== this.#path) throw new Unreadable(`it is not in ${place}, where it says to be`);
    if (isOutside(this.#top, path)) throw new Unreadable("its files are named from too far above what was given");
    return new VectorFolder(path, this.name, { top: this.#top, read: this.#read });
  }

  /** A file's name in the report. */
  label(file: string, part?: string): string {
    const path = join(this.name, file);
    return part === undefined ? path : `${path}#${part}`;
  }

  /** Notes that a case names this file, so that it is no document by itself even where the case never comes to it. */
  names(file: string): void {
    this.#read.add(resolve(this.#path, file));
  }

  /** Whether any manifest, note or case has read or named this file so far. */
  wasRead(file: string): boolean {
    return this.#read.has(resolve(this.#path, file));
  }

  /** @throws Unreadable when it is not there, too long, or not below the folder */
  bytes(file: string): Uint8Array {
    const path = resolve(this.#path, file);
    // a manifest from elsewhere names files of its own folder, not of whoever tries it
    if (isOutside(this.#path, path)) throw new Unreadable(`${file} is outside its folder`);
    let content: Buffer;
    try {
      content = readFileSync(path);
    } catch {
      throw new Unreadable(`${file} cannot be read`);
    }
    this.#read.add(path);
    if (content.length > mebibytesMax * 1_048_576) throw new Unreadable(`${file} is longer than ${mebibytesMax} MiB`);
    return content;
  }

  /** @throws Unreadable also when it is no JSON */
  json(file: string): unknown {
    try {
      return JSON.parse(this.text(file));
    } catch (cause) {
      throw cause instanceof Unreadable ? cause : new Unreadable(`${file} is no JSON`);
    }
  }

  /** As UTF-8. @throws Unreadable */
  text(file: string): string {
    return Buffer.from(this.bytes(file)).toString("utf8");
  }
}

const isOutside = (folder: string, path: string): boolean => relative(folder, path).split(sep)[0] === "..";
