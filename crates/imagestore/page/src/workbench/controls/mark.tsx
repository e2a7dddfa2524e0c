import { useState } from "preact/hooks";
import image from "icon:image";
import { variantUrl } from "../../api";
import { Button, ImagePicker } from "../../parts";
import { text } from "../text";
import type { ControlProps } from "./props";

type ImageControl = { readonly kind: "image" };

/** A picture of the store that is drawn on top. */
export function Mark({ value, onChange, disabled, id, describedBy }: ControlProps<ImageControl>) {
  const [picking, pick] = useState(false);
  return (
    <div class="wb-mark">
      {value && <img src={variantUrl({ id: value }, { w: 96, h: 96 })} alt="" width={48} height={48} />}
      <Button id={id} icon={image} disabled={disabled} aria-describedby={describedBy} onClick={() => pick(true)}>
        {text.chooseMark()}
      </Button>
      {picking && (
        <ImagePicker
          title={text.chooseMark()}
          onClose={() => pick(false)}
          onPick={(picked) => {
            pick(false);
            onChange(picked.id);
          }}
        />
      )}
    </div>
  );
}
