"""Quality and time of networks: PSNR, SSIM and models run by ONNX Runtime."""
