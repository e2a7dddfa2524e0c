"""Stubs of the older services' own interfaces, generated now of the files beside this one."""

import grpc

# Files are looked for beside the program.
IMAGE_V1, IMAGE_V1_STUBS = grpc.protos_and_services("image_v1.proto")
IMG, IMG_STUBS = grpc.protos_and_services("img.proto")
