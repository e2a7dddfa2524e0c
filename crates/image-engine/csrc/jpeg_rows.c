/* Rows of a JPEG's components as libjpeg-turbo decodes them, before they are made as large as each other and turned into colours; or all
 * of its pixels, as it does that.
 *
 * libjpeg reports an error by a function that must not return. Here it jumps back into the call that is under way, which is why this is C:
 * every function below sets the place to jump to first, and nothing on the way has to be cleaned up. */

#include "jpeg_rows.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

enum { MAX_SCANS = 500, MAX_BAND = MAX_SAMP_FACTOR * DCTSIZE * 2 };

struct jpeg_rows {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf fault;
    int (*stop)(void *);
    void *context;
    int was_stopped;
    char text[JPEG_ROWS_TEXT > JMSG_LENGTH_MAX ? JPEG_ROWS_TEXT : JMSG_LENGTH_MAX];
};

static void on_error(j_common_ptr decoder)
{
    jpeg_rows *rows = decoder->client_data;
    if (!rows->text[0])
        decoder->err->format_message(decoder, rows->text);
    longjmp(rows->fault, 1);
}

/* Damage that libjpeg can step over is a warning. These leave the picture whole; every other one means lost pixels. */
static int is_harmless(int code)
{
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_NOT_SEQUENTIAL || code == JWRN_BOGUS_ICC;
}

static void on_message(j_common_ptr decoder, int level)
{
    jpeg_rows *rows = decoder->client_data;
    if (level < 0 && !is_harmless(decoder->err->msg_code) && !rows->text[0])
        decoder->err->format_message(decoder, rows->text);
}

static void no_output(j_common_ptr decoder)
{
    (void)decoder;
}

/* Called for every few rows of every scan. A progressive file can hold thousands of scans of nothing, each a pass over the whole picture. */
static void on_progress(j_common_ptr decoder)
{
    jpeg_rows *rows = decoder->client_data;
    if (rows->decoder.input_scan_number > MAX_SCANS) {
        snprintf(rows->text, sizeof rows->text, "it has more than %d scans", MAX_SCANS);
        longjmp(rows->fault, 1);
    }
    if (rows->stop && rows->stop(rows->context)) {
        rows->was_stopped = 1;
        longjmp(rows->fault, 1);
    }
}

static int create(jpeg_rows *rows)
{
    if (setjmp(rows->fault))
        return -1;
    jpeg_create_decompress(&rows->decoder);
    return 0;
}

jpeg_rows *jpeg_rows_new(void)
{
    jpeg_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return NULL;
    rows->decoder.err = jpeg_std_error(&rows->errors);
    rows->errors.error_exit = on_error;
    rows->errors.emit_message = on_message;
    rows->errors.output_message = no_output;
    rows->decoder.client_data = rows;
    if (create(rows)) {
        jpeg_rows_free(rows);
        return NULL;
    }
    rows->progress.progress_monitor = on_progress;
    rows->decoder.progress = &rows->progress;
    return rows;
}

void jpeg_rows_free(jpeg_rows *rows)
{
    if (!rows)
        return;
    jpeg_destroy_decompress(&rows->decoder);
    free(rows);
}

int jpeg_rows_open(jpeg_rows *rows, const uint8_t *bytes, size_t len, jpeg_rows_layout *layout)
{
    struct jpeg_decompress_struct *decoder = &rows->decoder;
    if (setjmp(rows->fault))
        return -1;
    jpeg_mem_src(decoder, bytes, len);
    jpeg_read_header(decoder, TRUE);
    /* libjpeg gives the planes of such a file but cannot make them as large as each other. */
    for (int i = 0; i < decoder->num_components; i++) {
        const jpeg_component_info *component = &decoder->comp_info[i];
        if (decoder->max_h_samp_factor % component->h_samp_factor || decoder->max_v_samp_factor % component->v_samp_factor) {
            snprintf(rows->text, sizeof rows->text, "its components are sampled at ratios that are no whole numbers");
            return -1;
        }
    }
    memset(layout, 0, sizeof *layout);
    layout->width = decoder->image_width;
    layout->height = decoder->image_height;
    layout->planes = decoder->num_components;
    layout->is_ycc = decoder->jpeg_color_space == JCS_YCbCr;
    return 0;
}

static void start(jpeg_rows *rows, unsigned divisor, int (*stop)(void *), void *context, boolean raw)
{
    struct jpeg_decompress_struct *decoder = &rows->decoder;
    rows->stop = stop;
    rows->context = context;
    decoder->raw_data_out = raw;
    decoder->dct_method = JDCT_ISLOW;
    decoder->scale_num = 1;
    decoder->scale_denom = divisor;
    jpeg_start_decompress(decoder);
}

int jpeg_rows_start(jpeg_rows *rows, unsigned divisor, int (*stop)(void *), void *context, jpeg_rows_layout *layout)
{
    struct jpeg_decompress_struct *decoder = &rows->decoder;
    if (setjmp(rows->fault))
        return -1;
    if (decoder->num_components > JPEG_ROWS_PLANES) {
        snprintf(rows->text, sizeof rows->text, "it has more than %d components", JPEG_ROWS_PLANES);
        return -1;
    }
    start(rows, divisor, stop, context, TRUE);
    for (int i = 0; i < decoder->num_components; i++) {
        const jpeg_component_info *component = &decoder->comp_info[i];
        jpeg_rows_plane *plane = &layout->plane[i];
        plane->width = component->downsampled_width;
        plane->height = component->downsampled_height;
        plane->stride = component->width_in_blocks * component->DCT_scaled_size;
        plane->band = component->v_samp_factor * component->DCT_scaled_size;
        plane->across = (float)(component->h_samp_factor * component->DCT_scaled_size) / (decoder->max_h_samp_factor * DCTSIZE);
        plane->down = (float)plane->band / (decoder->max_v_samp_factor * DCTSIZE);
        if (plane->band > MAX_BAND) {
            snprintf(rows->text, sizeof rows->text, "its components differ too much in size");
            return -1;
        }
    }
    return 0;
}

int jpeg_rows_next(jpeg_rows *rows, uint8_t *const *planes)
{
    struct jpeg_decompress_struct *decoder = &rows->decoder;
    JSAMPROW row[JPEG_ROWS_PLANES][MAX_BAND];
    JSAMPARRAY plane[JPEG_ROWS_PLANES];
    if (setjmp(rows->fault))
        return -1;
    if (decoder->output_scanline >= decoder->output_height) {
        jpeg_finish_decompress(decoder);
        return rows->text[0] ? -1 : 0;
    }
    for (int i = 0; i < decoder->num_components; i++) {
        const jpeg_component_info *component = &decoder->comp_info[i];
        int stride = component->width_in_blocks * component->DCT_scaled_size;
        int band = component->v_samp_factor * component->DCT_scaled_size;
        for (int y = 0; y < band; y++)
            row[i][y] = planes[i] + (size_t)y * stride;
        plane[i] = row[i];
    }
    jpeg_read_raw_data(decoder, plane, decoder->max_v_samp_factor * decoder->min_DCT_scaled_size);
    return rows->text[0] ? -1 : 1;
}

int jpeg_rows_start_pixels(jpeg_rows *rows, unsigned divisor, int (*stop)(void *), void *context, jpeg_rows_layout *layout)
{
    struct jpeg_decompress_struct *decoder = &rows->decoder;
    if (setjmp(rows->fault))
        return -1;
    start(rows, divisor, stop, context, FALSE);
    if ((uint32_t)decoder->output_components != layout->planes) {
        snprintf(rows->text, sizeof rows->text, "its components are no colours");
        return -1;
    }
    layout->width = decoder->output_width;
    layout->height = decoder->output_height;
    return 0;
}

int jpeg_rows_pixels(jpeg_rows *rows, uint8_t *pixels)
{
    struct jpeg_decompress_struct *decoder = &rows->decoder;
    if (setjmp(rows->fault))
        return -1;
    size_t stride = (size_t)decoder->output_width * decoder->output_components;
    while (decoder->output_scanline < decoder->output_height && !rows->text[0]) {
        JSAMPROW row = pixels + decoder->output_scanline * stride;
        jpeg_read_scanlines(decoder, &row, 1);
    }
    if (!rows->text[0])
        jpeg_finish_decompress(decoder);
    return rows->text[0] ? -1 : 0;
}

int jpeg_rows_was_stopped(const jpeg_rows *rows)
{
    return rows->was_stopped;
}

const char *jpeg_rows_fault(const jpeg_rows *rows)
{
    return rows->text;
}
