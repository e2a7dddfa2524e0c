/* What src/ffi/jpeg_rows.rs calls. Its declarations there say the same. */
#ifndef JPEG_ROWS_H
#define JPEG_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum { JPEG_ROWS_PLANES = 4, JPEG_ROWS_TEXT = 200 };

/* One colour component of the file. */
typedef struct {
    uint32_t width, height;     /* samples that belong to the picture */
    uint32_t stride;            /* samples a row takes in memory */
    uint32_t band;              /* rows that come at a time */
    float across, down;         /* samples for each pixel of the file */
} jpeg_rows_plane;

typedef struct {
    uint32_t width, height, planes;
    int32_t is_ycc;             /* brightness and two colour differences */
    jpeg_rows_plane plane[JPEG_ROWS_PLANES];
} jpeg_rows_layout;

typedef struct jpeg_rows jpeg_rows;

/* NULL without memory. */
jpeg_rows *jpeg_rows_new(void);
void jpeg_rows_free(jpeg_rows *rows);

/* Reads the header. The bytes are read until jpeg_rows_free. 0 or -1. */
int jpeg_rows_open(jpeg_rows *rows, const uint8_t *bytes, size_t len, jpeg_rows_layout *layout);

/* Begins to decode at 1/divisor; stop(context) is asked now and then, and ends the work if it is not 0. 0 or -1. */
int jpeg_rows_start(jpeg_rows *rows, unsigned divisor, int (*stop)(void *), void *context, jpeg_rows_layout *layout);

/* Decodes a band: as many rows of each plane as its layout says, stride samples each. 1, or 0 after the last one, or -1. */
int jpeg_rows_next(jpeg_rows *rows, uint8_t *const *planes);

/* The same for pixels: grey, RGB, or four inks, as many bytes each as the layout has planes. Tells only width and height. 0 or -1. */
int jpeg_rows_start_pixels(jpeg_rows *rows, unsigned divisor, int (*stop)(void *), void *context, jpeg_rows_layout *layout);

/* Decodes all pixels, row after row. 0 or -1. */
int jpeg_rows_pixels(jpeg_rows *rows, uint8_t *pixels);

/* Whether a call was ended by stop. */
int jpeg_rows_was_stopped(const jpeg_rows *rows);

/* What is wrong with the file, or an empty text. */
const char *jpeg_rows_fault(const jpeg_rows *rows);

#endif
