# make -C ports/unix (or qemu) USER_C_MODULES=/abs/native; chips are built with micropython.cmake
TYMPAN_DIR := $(USERMOD_DIR)
TYMPAN_CORE := $(abspath $(TYMPAN_DIR)/../core)
SRC_USERMOD_C += $(TYMPAN_DIR)/modtympan.c $(TYMPAN_DIR)/deadman.c \
    $(TYMPAN_DIR)/port_simulated.c $(filter-out $(TYMPAN_CORE)/plain/%,$(wildcard $(TYMPAN_CORE)/*/*.c $(TYMPAN_CORE)/*/*/*.c))
