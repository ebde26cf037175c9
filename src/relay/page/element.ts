/** Finds the element of index.html with this id. @throws TypeError if there is none of this kind, so page and script do not fit */
export function element<Kind extends Element>(id: string, kind: abstract new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`index.html has no ${kind.name} #${id}.`);
  return found;
}

/** Formats a size as `1920×1080`. */
export function sizeText({ width, height }: { readonly width: number; readonly height: number }): string {
  return `${width}×${height}`;
}
